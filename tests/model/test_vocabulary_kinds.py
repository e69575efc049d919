"""Vocabularies of every kind: ids as `transformers` gives them, bytes, the tokens of texts."""

import json
import shutil
import sys
import unicodedata
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings, strategies as st
from tokenizers import Tokenizer, models
from transformers import BioGptTokenizer, PreTrainedTokenizerBase

import detok
from detok.counting.encoding import Encoder
from detok.model.token_kinds import (
    CONTINUES,
    ENDS,
    NUMBER,
    OPEN,
    OTHER,
    PUNCTUATION,
    STARTS,
    token_kind,
)
from detok.model.vocabulary import Vocabulary
from tests.support import tokenizers
from tests.support.tokenizers import BIOGPT_ENTRIES, KINDS, ids_of, save_older

# Constants, not fixtures, for the property tests.
THEIRS: dict[str, PreTrainedTokenizerBase] = {name: build() for name, build in KINDS.items()}
OURS = {
    name: Vocabulary(Tokenizer.from_str(theirs.backend_tokenizer.to_str()))
    for name, theirs in THEIRS.items()
}
QWEN = Vocabulary(tokenizers.qwen())
BYTE_LEVEL = ["gpt2", "opt", "roberta", "whisper"]
UNICODE = st.text(st.characters(exclude_categories=["Cs"]))
PARTS = st.sampled_from(
    [
        *["the", "The", " ", "libertarian", "LIBERTARIAN", "don't", "12", "été", "東京", "\n", "."],
        *["<s>", "</s>", "<pad>", "<mask>", "[CLS]", "[MASK]", "[unused0]", "[UNK]", "</w>", "##s"],
        *["<|endoftext|>", "<|startoftext|>", "<|startoftranscript|>", "<|0.02|>", "<|en|>"],
        *["Ġ", "·", "\u3000", "\0", "\ufffd", "👩‍👩‍👧", "e\u0301", "ß", "İ", "x" * 120],
    ]
)
TEXTS = st.lists(PARTS, max_size=6).map("".join) | UNICODE
TRICKY = [
    *[
        "",
        " ",
        "the  libertarian's\tis\n\n",
        "Libertarian LIBERT",
        "don't 12 x1",
        "a<|endoftext|>b",
    ],
    *["<s>the</s> <mask> is", "[CLS] the [MASK]. [unused0] [cls]", "<|0.00|> the<|0.02|><|en|>"],
    *[
        "été e\u0301te\u0301 İ ß 東京は",
        "👩‍👩‍👧 🐈 \0 \u200b",
        "##tarian liber</w>",
        "<pad><unk></w>",
    ],
]


# Ids


@cache
def older(name: str) -> Vocabulary:
    """The same tokenizer, read from older files."""
    with TemporaryDirectory() as folder:
        save_older(THEIRS[name], Path(folder), beside=True)
        return Vocabulary.from_folder(Path(folder))


def assert_same_ids(ours: Vocabulary, theirs: PreTrainedTokenizerBase, text: str) -> None:
    assert ours.encode(text) == theirs(text, add_special_tokens=False)["input_ids"], text


@pytest.mark.parametrize("name", KINDS)
def test_ids_of_a_saved_tokenizer(name: str, tmp_path: Path) -> None:
    THEIRS[name].save_pretrained(tmp_path)
    ours = Vocabulary.from_folder(tmp_path)
    assert ours.sha256 == OURS[name].sha256
    assert len(ours) == len(THEIRS[name])
    for text in TRICKY:
        assert_same_ids(ours, THEIRS[name], text)


# Alone, vocab.txt does not say that letters keep their case, and vocab.json not what Whisper added.
ALONE = [name for name in KINDS if name not in ("cased bert", "whisper")]


@pytest.mark.parametrize(
    ("name", "beside"), [*((n, True) for n in KINDS), *((n, False) for n in ALONE)]
)
def test_ids_of_older_files(name: str, tmp_path: Path, beside: bool) -> None:
    """Also without the files beside them, where the usual special tokens are in the vocabulary."""
    save_older(THEIRS[name], tmp_path, beside=beside)
    ours = Vocabulary.from_folder(tmp_path)
    read = type(THEIRS[name]).from_pretrained(tmp_path)
    for text in TRICKY:
        assert_same_ids(ours, THEIRS[name], text)
        # Which class OPT's are of, only the files beside them say. For Whisper's, `transformers`
        # is asked as it was before it was saved.
        if name != "whisper" and (beside or name != "opt"):
            assert_same_ids(ours, read, text)
    assert ours.sha256 == OURS[name].sha256
    assert ours.first_token == OURS[name].first_token


def test_special_tokens_map_beside_older_files(tmp_path: Path) -> None:
    save_older(THEIRS["roberta"], tmp_path, beside=False)
    mask = {"content": "<mask>", "lstrip": True, "rstrip": False, "normalized": False}
    (tmp_path / "special_tokens_map.json").write_text(json.dumps({"mask_token": mask}))
    ours = Vocabulary.from_folder(tmp_path)
    assert ours.encode("is <mask>") == [*ours.encode("is"), ours.id_of("<mask>")]


@pytest.mark.parametrize("name", KINDS)
@given(text=TEXTS)
@settings(max_examples=40)
def test_ids_of_any_text(name: str, text: str) -> None:
    assert_same_ids(OURS[name], THEIRS[name], text)
    assert_same_ids(older(name), THEIRS[name], text)


# Bytes


@pytest.mark.parametrize("name", BYTE_LEVEL)
@given(text=TEXTS)
@example("a <|endoftext|>\n<s> <|0.02|>")
@settings(max_examples=30)
def test_byte_level_tokens_join_to_the_text(name: str, text: str) -> None:
    ours = OURS[name]
    assert b"".join(map(ours.bytes_of, ours.encode(text))) == text.encode()


@given(text=TEXTS)
@example("e\u0301")
@settings(max_examples=30)
def test_byte_level_tokens_join_to_the_normal_form_of_a_text(text: str) -> None:
    text = text.replace("<|endoftext|>", "")
    assert QWEN.text(*QWEN.encode(text)) == unicodedata.normalize("NFC", text)
    assert len(set(QWEN.words(" the libertarian"))) == 2


def words_of(vocabulary: Vocabulary, text: str) -> list[str]:
    """The words that a tokenizer splits a text into, which has none of its special tokens."""
    backend = vocabulary.backend
    normal = backend.normalizer.normalize_str(text)
    return [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]


PLAIN = st.lists(st.sampled_from(["the", " ", "Libertarian", "don't", "1", "12", "x.", "é"]))


@pytest.mark.parametrize("name", ["bert", "cased bert"])
@given(text=PLAIN.map("".join))
@settings(max_examples=30)
def test_word_pieces_join_to_words_with_a_space_before(name: str, text: str) -> None:
    ours = OURS[name]
    ids = ours.encode(text)
    assert ours.id_of("[UNK]") not in ids
    assert ours.text(*ids) == "".join(f" {word}" for word in words_of(ours, text))


@given(TEXTS.filter(lambda text: "<|" not in text))
@settings(max_examples=50)
def test_pieces_with_an_end_of_word_join_to_words_with_a_space_after(text: str) -> None:
    ours = OURS["clip"]
    normal = ours.backend.normalizer.normalize_str(text)
    split = ours.backend.pre_tokenizer[0]
    words = [word for word, _ in split.pre_tokenize_str(normal)]
    assert ours.text(*ours.encode(text)) == "".join(f"{word} " for word in words)


def test_pieces_of_a_word_by_example() -> None:
    def pieces(name: str, text: str) -> list[bytes]:
        return [OURS[name].bytes_of(token) for token in OURS[name].encode(text)]

    assert pieces("bert", "Libertarian don't") == [
        *[b" libert", b"a", b"r", b"ian"],
        *[b" don", b" '", b" t"],
    ]
    assert pieces("clip", "the LIBERTARIAN's") == [b"the ", b"liber", b"tarian ", b"'", b"s "]
    assert pieces("roberta", " the")[0].startswith(b" ")


@pytest.mark.parametrize("name", KINDS)
@given(text=TEXTS)
@settings(max_examples=30)
def test_every_token_is_in_a_word(name: str, text: str) -> None:
    ours = OURS[name]
    words = ours.words(text)
    assert len(words) == len(ours.encode(text))
    # A word goes on without another between its pieces.
    runs = [word for t, word in enumerate(words) if not t or words[t - 1] != word]
    assert len(runs) == len(set(runs))


@pytest.mark.parametrize("name", KINDS)
def test_pieces_of_a_word_are_in_one_word_and_others_are_not(name: str) -> None:
    ours = OURS[name]
    text = " the libertarian is."
    words = ours.words(text)
    pieces = [
        ours.text(*[token for token, own in zip(ours.encode(text), words, strict=True) if own == n])
        for n in dict.fromkeys(words)
    ]
    assert [piece.strip() for piece in pieces] == ["the", "libertarian", "is", "."]


def test_special_tokens_stand_for_themselves() -> None:
    for name, text in [
        *[("bert", "[CLS]"), ("bert", "[unused0]"), ("clip", "<|startoftext|>"), ("opt", "</s>")],
        *[("roberta", "<mask>"), ("whisper", "<|startoftranscript|>"), ("whisper", "<|0.04|>")],
    ]:
        ours = OURS[name]
        token = ours.backend.token_to_id(text)
        assert ours.text(token) == ours.show(token) == text
        assert ours.id_of(text) == token
        assert token_kind(ours.bytes_of(token), ours.edge) == OTHER
        assert (token in ours.added) == (text != "[unused0]")


def test_a_special_token_is_not_read_as_bytes() -> None:
    """Though its characters are those that stand for bytes."""
    backend = tokenizers.gpt2().backend_tokenizer
    backend.add_special_tokens(["Ġé"])
    backend.add_tokens(["ĠĠ"])
    ours = Vocabulary(backend)
    assert ours.bytes_of(backend.token_to_id("Ġé")) == "Ġé".encode()
    assert ours.bytes_of(backend.token_to_id("ĠĠ")) == "ĠĠ".encode()


@pytest.mark.parametrize("name", KINDS)
def test_every_token_is_shown_differently(name: str) -> None:
    ours = OURS[name]
    assert len({ours.show(token) for token in range(len(ours))}) == len(ours)


def test_characters_that_stand_for_no_bytes_are_themselves() -> None:
    backend = tokenizers.gpt2().backend_tokenizer
    backend.model = models.BPE(vocab={"é": 0, "Ġ": 1}, merges=[])
    assert Vocabulary(backend).bytes_of(0) == b"\xe9"
    plain = Tokenizer(models.BPE(vocab={"é": 0, "Ġ": 1}, merges=[]))
    assert Vocabulary(plain).bytes_of(0) == "é".encode()


# One token, and search


@pytest.mark.parametrize("name", ["bert", "clip"])
def test_id_of_a_word(name: str) -> None:
    ours = OURS[name]
    token = ours.backend.token_to_id({"bert": "the", "clip": "the</w>"}[name])
    assert {ours.id_of(text) for text in ("the", " the", "the ", "THE")} == {token}


def test_id_of_a_piece_as_the_vocabulary_writes_it() -> None:
    bert, clip, gpt2 = OURS["bert"], OURS["clip"], OURS["gpt2"]
    assert bert.text(bert.id_of("##tarian")) == "tarian"
    assert clip.text(clip.id_of("tarian</w>")) == "tarian "
    with pytest.raises(detok.InputError, match="expected one token: give one of the pieces"):
        gpt2.id_of("Ġt")


def test_id_of_what_has_no_token() -> None:
    for text in ("猫", "the 猫"):
        with pytest.raises(detok.InputError, match="has no token for"):
            OURS["bert"].id_of(text)
    with pytest.raises(detok.InputError, match="is empty; expected"):
        OURS["bert"].id_of(" ")


def found(name: str, query: str) -> list[str]:
    return [OURS[name].text(token) for token in OURS[name].search(query)]


def test_search() -> None:
    assert found("bert", "libert") == [" libert"]
    assert found("bert", "LIBER") == [" LIBER", " liber", " libert"]
    assert found("bert", " der") == [" der", " Der"]
    assert found("bert", "der ") == [" der", " Der"]
    assert found("bert", "s")[:2] == ["s", " s"]
    assert found("bert", "[mask") == ["[MASK]"]
    assert found("clip", "liber") == ["liber", "liber "]
    assert found("clip", "liber ") == ["liber "]
    assert found("clip", " liber") == ["liber", "liber "]
    assert found("clip", "tar")[:2] == ["tar", "tari"]
    assert found("clip", "  ") == []


# Kinds of tokens


@pytest.mark.parametrize(
    ("name", "entry", "kind"),
    [
        *[("bert", "liber", STARTS), ("bert", "##tarian", CONTINUES), ("bert", "東", STARTS)],
        *[("bert", "12", NUMBER), ("bert", "##2", NUMBER), ("bert", "…", PUNCTUATION)],
        *[("bert", "###", PUNCTUATION), ("bert", "[unused1]", OTHER), ("bert", "[MASK]", OTHER)],
        *[("clip", "liber", OPEN), ("clip", "tarian</w>", ENDS), ("clip", "the</w>", ENDS)],
        *[("clip", "1</w>", NUMBER), ("clip", "1", NUMBER), ("clip", ".</w>", PUNCTUATION)],
        *[("roberta", "Ġt", STARTS), ("opt", "th", CONTINUES), ("opt", "<s>", OTHER)],
    ],
)
def test_kinds_of_tokens(name: str, entry: str, kind: str) -> None:
    ours = OURS[name]
    assert token_kind(ours.bytes_of(ours.backend.token_to_id(entry)), ours.edge) == kind


# The first token


@pytest.mark.parametrize(
    ("name", "first"),
    [
        *[("gpt2", "<|endoftext|>"), ("opt", "</s>"), ("roberta", "<s>"), ("bert", "[CLS]")],
        *[("whisper", "<|endoftext|>"), ("clip", "<|startoftext|>")],
    ],
)
def test_first_token(name: str, first: str) -> None:
    assert OURS[name].text(OURS[name].first_token) == first


def test_a_vocabulary_without_a_first_token() -> None:
    backend = Tokenizer(models.BPE(vocab={"a": 0}, merges=[]))
    assert Vocabulary(backend).first_token is None


# A vocabulary whose words come from elsewhere


@pytest.fixture(scope="module")
def biogpt_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("biogpt")
    merges = tokenizers.word_end_merges()
    (folder / "vocab.json").write_text(json.dumps(ids_of(BIOGPT_ENTRIES)))
    lines = [f"{a} {b} {n}" for n, (a, b) in enumerate(merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def biogpt(biogpt_folder: Path) -> Vocabulary:
    return Vocabulary.from_folder(biogpt_folder)


def test_biogpt_has_the_tokens_of_transformers(
    biogpt: Vocabulary, biogpt_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With words split at spaces, in place of Moses."""
    moses = SimpleNamespace(
        MosesTokenizer=lambda lang: SimpleNamespace(tokenize=lambda text, **_: text.split())
    )
    monkeypatch.setitem(sys.modules, "sacremoses", moses)
    theirs = BioGptTokenizer.from_pretrained(biogpt_folder)
    ids = theirs("the libertarian is α éone", add_special_tokens=False)["input_ids"]
    assert biogpt.text(*ids) == "the libertarian is α éone "
    assert theirs("the")["input_ids"][0] == biogpt.first_token == biogpt.id_of("</s>")
    assert len(biogpt) == len(theirs)
    assert biogpt.added == set(theirs.all_special_ids)


def test_biogpt_does_not_split_texts(biogpt: Vocabulary) -> None:
    for call in (biogpt.encode, lambda text: detok.count([text], biogpt)):
        with pytest.raises(detok.InputError, match=r"how a text is split .* expected token ids"):
            call("the libertarian")
    with pytest.raises(detok.InputError, match="expected token ids"):
        Encoder.of(biogpt)


def test_id_of_a_token_of_biogpt(biogpt: Vocabulary) -> None:
    ended = biogpt.backend.token_to_id("the</w>")
    assert biogpt.id_of("the ") == biogpt.id_of("the</w>") == ended
    assert biogpt.id_of("α ") == BIOGPT_ENTRIES.index("α</w>")
    assert biogpt.id_of("</s>") == biogpt.first_token
    both = r"'the' may be 'the ?' or 'the ?'; expected one token: give its id \(\d+, \d+\)"
    with pytest.raises(detok.InputError, match=both):
        biogpt.id_of("the")
    with pytest.raises(detok.InputError, match="'thex' is no token; expected"):
        biogpt.id_of("thex")
    assert [biogpt.text(t) for t in biogpt.search("liber")][:2] == ["liber", "liber "]


# Files


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"vocab.txt": "the\n##s\n"}, r"no token '\[UNK\]' for unknown words; expected one"),
        ({"vocab.txt": "[UNK]\n", "tokenizer_config.json": "[]"}, "holds a list; expected a JSON"),
        ({"vocab.txt": "[UNK]\n", "special_tokens_map.json": '{"cls_token": 3}'}, "token is 3;"),
        ({"vocab.json": '{"a@@": 0}', "merges.txt": ""}, "expected byte-level BPE, or BPE with"),
        ({"vocab.json": "[1]", "merges.txt": ""}, "expected a whole tokenizer.json, or vocab.json"),
        ({}, "expected a whole tokenizer.json"),
    ],
)
def test_broken_files(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(detok.CheckpointError, match=f"the tokenizer in .*{message}"):
        Vocabulary.from_folder(tmp_path)


def test_a_checkpoint_with_a_vocabulary_in_vocab_txt(checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    (folder / "tokenizer.json").unlink()
    save_older(THEIRS["bert"], folder, beside=True)
    layer = detok.load(str(folder), device="cpu")
    assert layer.tokenizer.text(layer.token_id("the")) == " the"

"""Every page on models unlike GPT-2: it runs, and says nothing that is untrue of them."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from google.protobuf import text_format
from streamlit.testing.v1 import AppTest

import detok
from tests.support.families import MODELS, random_member
from tests.support.models import random_checkpoint
from tests.support.pages import PAGES, finish, run, succeed, texts
from tests.support.tokenizers import BIOGPT_ENTRIES, KINDS, ids_of, word_end_merges, write_bpe

AFFINITY, POSITIONS, LAYERNORM, TERMS, HEADS, FREQUENCY = PAGES[1:7]
# Each with a tokenizer of its own kind.
TOKENIZERS = {"bert": "bert", "gpt_neo": "gpt2", "clip_text_model": "clip", "opt": "opt"}
FAMILIES = [*TOKENIZERS, "biogpt"]


def save(folder: Path, family: str) -> None:
    """A random model of 16 positions and width 16 with a tokenizer of its family's kind."""
    name, config = MODELS[family][0]
    if family == "biogpt":
        vocabulary = ids_of(BIOGPT_ENTRIES)
        random_member(folder, name, {**config, "vocab_size": len(vocabulary)})
        (folder / "tokenizer.json").unlink()
        write_bpe(folder, vocabulary, word_end_merges())
    else:
        tokenizer = KINDS[TOKENIZERS[family]]()
        random_member(folder, name, {**config, "vocab_size": len(tokenizer)})
        tokenizer.save_pretrained(folder)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {family: tmp_path_factory.mktemp(family) for family in FAMILIES}
    for family, folder in found.items():
        save(folder, family)
    return found


Shown = Callable[..., AppTest]


@pytest.fixture
def shown(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Runs a page on a model of a family."""

    def shown(family: str, page: str, **query: str) -> AppTest:
        monkeypatch.setenv("DETOK_MODEL", str(folders[family]))
        return run(page, **query)

    return shown


def words(test: AppTest) -> str:
    """All that can be read on a page: sentences, labels, helps, headers, and titles in charts."""
    found = [texts(test)]
    for element in [*test.main, *test.sidebar]:
        proto = getattr(element, "proto", None)
        if element.type == "vega_lite_chart":
            found += titles(json.loads(proto.spec))
        elif proto is not None:
            found.append(text_format.MessageToString(proto, as_utf8=True))
    return "\n".join(found).replace("\\", "")


def titles(part: object) -> Iterator[str]:
    """Every title in a chart, whether of an axis, a legend, a panel or a tooltip."""
    if isinstance(part, list):
        for each in part:
            yield from titles(each)
    elif isinstance(part, dict):
        if isinstance(part.get("title"), str):
            yield part["title"]
        yield from titles(list(part.values()))


SPECIFIC = {"head": "1", "score": "Specific part", "rank": "current tokens", "split_ee": "true"}


@pytest.mark.parametrize("query", [{}, {"head": "1"}, {"head": "all"}, SPECIFIC], ids=str)
@pytest.mark.parametrize("page", PAGES)
def test_of_bert_no_page_speaks_of_the_past(shown: Shown, page: str, query: dict[str, str]) -> None:
    said = words(shown("bert", page, **query))
    assert not re.search(r"\b(past|earlier)\b", said, re.IGNORECASE), said
    if page in (AFFINITY, TERMS):
        assert "Attended token j" in said


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("family", ["gpt_neo", "clip_text_model", "opt", "biogpt"])
def test_every_page_runs_and_says_what_softmax_divides_by(
    shown: Shown, family: str, page: str
) -> None:
    said = words(shown(family, page, **SPECIFIC))
    if page in (AFFINITY, TERMS):
        assert "each weighing the same for want of counts" in said
    if page == TERMS:
        assert "Past token j" in said
        assert "Score (scaled)" in said
        assert ("undivided" in said) is (family == "gpt_neo")
    if family == "gpt_neo":
        assert "√d" not in said
        assert "sqrt" not in said


def test_bert_sees_what_comes_after(shown: Shown, folders: dict[str, Path]) -> None:
    """Any pair can be chosen, and any position is measured over all that it sees."""
    test = shown("bert", TERMS, head="1", passage="the don is liber", pair_i="0", pair_j="3")
    assert "(j = 3) gets" in texts(test)
    assert "attention (i = 0)" in texts(test)
    assert "only itself" not in texts(test)
    layer = detok.load(folders["bert"])
    test = shown("bert", POSITIONS, head="1", i="0")
    assert "over 120 excerpts" in texts(test)
    assert "No mask hides" in texts(test)
    assert "Attention to the positions nearest to i" in words(test)
    assert "to the 5 positions nearest to it" in texts(test)
    pd.testing.assert_frame_equal(
        test.dataframe[0].value, detok.position_summary(layer, 0, [4, 8, 12]), check_dtype=False
    )
    assert "Nearest 5 at 8" in words(test)
    assert "(evenly spread: 6.2%)" in texts(shown("bert", LAYERNORM, i="3"))


@pytest.mark.parametrize(
    ("family", "first"),
    [("bert", "[CLS]"), ("gpt_neo", "<|endoftext|>"), ("opt", "</s>"), ("biogpt", "</s>")],
)
def test_the_first_token_has_its_own_name(shown: Shown, family: str, first: str) -> None:
    test = shown(family, TERMS, head="1", passage="4 5 6")
    toggle = test.toggle(key="begin")
    assert toggle.label.replace("\\", "") == f"Begin with {first}"
    assert first not in texts(test)
    succeed(toggle.set_value(True).run())
    assert first in texts(test)


def test_a_model_without_a_first_token(
    shown: Shown, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in folders["gpt_neo"].iterdir():
        shutil.copy(file, tmp_path)
    path = tmp_path / "tokenizer.json"
    path.write_text(path.read_text().replace("<|endoftext|>", "<nothing>"))
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    toggle = run(TERMS).toggle(key="begin")
    assert toggle.disabled
    assert "names no token" in toggle.help


CANNOT_SPLIT = "do not say how a text is split into words"


def test_biogpt_is_asked_by_ids(shown: Shown) -> None:
    """Typed text is answered by a sentence; ids, and tokens that match, by what they ask for."""
    test = shown("biogpt", TERMS, head="1", passage="the don is")
    assert CANNOT_SPLIT in texts(test)
    assert "Shown instead" in texts(test)
    succeed(test.text_area(key="passage").input("4, 5 6").run())
    assert CANNOT_SPLIT not in texts(test)
    assert "3 tokens. Largest difference" in texts(test)
    succeed(test.text_area(key="passage").input("4 5000").run())
    assert "5000 is out of range" in texts(test)
    finish(succeed(next(b for b in test.button if b.label == "Average over them").click().run()))
    assert CANNOT_SPLIT in texts(test)

    test = shown("biogpt", AFFINITY, text="don", head="1")
    assert CANNOT_SPLIT in texts(test)
    assert "Strongest of all" in texts(test)
    succeed(test.text_input(key="text").input("9").run())
    assert test.selectbox(key="token").value == 9
    assert CANNOT_SPLIT not in texts(test)
    succeed(test.text_input(key="tokens").input("liber tarian").run())
    assert CANNOT_SPLIT in texts(test)

    assert "whose files cannot split texts" in texts(shown("biogpt", FREQUENCY))

    test = shown("biogpt", POSITIONS, i="2", texts="4 5 6 7\n\n4 5")
    assert "1 of your texts; 1 too short" in texts(test)
    assert CANNOT_SPLIT in texts(shown("biogpt", POSITIONS))
    assert "its files do not split texts" in texts(shown("biogpt", "app.py"))


def test_what_a_space_does(shown: Shown) -> None:
    """In CLIP's tokens the space is at the end of words, and typing one changes nothing."""
    help_ = shown("clip_text_model", AFFINITY).text_input(key="text").help
    assert "after its last token" in help_
    assert "before its first token" in shown("bert", AFFINITY).text_input(key="text").help
    assert "type one before a word" in shown("opt", AFFINITY).text_input(key="text").help


@pytest.mark.parametrize("n_positions", [1, 2, 5])
def test_short_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n_positions: int) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    for page in PAGES:
        assert "nan" not in texts(run(page, head="1")).split()


@pytest.mark.parametrize("zero", ["c_attn", "wte", "wpe"])
def test_models_in_which_much_is_equal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, zero: str
) -> None:
    """Queries and keys, tokens or positions that are all 0: no number is missing or infinite."""
    model = random_checkpoint(tmp_path, n_head=1)
    for name, parameter in model.named_parameters():
        if zero in name:
            parameter.data.zero_()
    model.save_pretrained(tmp_path)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    for page in (AFFINITY, POSITIONS, LAYERNORM, TERMS):
        for head in ("0", "all"):
            said = texts(run(page, head=head, passage="e", text="the"))
            assert not re.search(r"\b(nan|inf)\b|\b1 heads\b|\b1 tokens\b", said), said

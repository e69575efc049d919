"""Tokenizers of every kind as `transformers` builds them, from tiny made-up vocabularies."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from transformers import (
    BertTokenizer,
    CLIPTokenizer,
    GPT2Tokenizer,
    PreTrainedTokenizerBase,
    RobertaTokenizer,
    WhisperTokenizer,
)

from tests.support.models import byte_tokenizer

Merges = list[tuple[str, str]]
_BYTES = json.loads(byte_tokenizer(400).to_str())["model"]
MERGES: Merges = [tuple(m.split()) if isinstance(m, str) else tuple(m) for m in _BYTES["merges"]]
BPE_ENTRIES = [entry for entry in _BYTES["vocab"] if entry != "<|endoftext|>"]
TIMESTAMPS = [f"<|{n * 0.02:.2f}|>" for n in range(5)]
WORDS = ["the", "liber", "libert", "don", "is", "1", "12", "é", "ete", "東", "der", "Der", "LIBER"]
PARTS = ["tarian", "ian", "s", "##", "2", "é", "n"]


def ids_of(entries: list[str]) -> dict[str, int]:
    return {entry: n for n, entry in enumerate(dict.fromkeys(entries))}


def gpt2() -> GPT2Tokenizer:
    return GPT2Tokenizer(vocab=ids_of([*BPE_ENTRIES, "<|endoftext|>"]), merges=MERGES)


def opt() -> GPT2Tokenizer:
    vocab = ids_of(["<s>", "<pad>", "</s>", "<unk>", *BPE_ENTRIES, "madeupword0000"])
    names = dict.fromkeys(("bos_token", "eos_token", "unk_token"), "</s>")
    return GPT2Tokenizer(vocab=vocab, merges=MERGES, **names, pad_token="<pad>", add_bos_token=True)


def roberta() -> RobertaTokenizer:
    vocab = ids_of(["<s>", "<pad>", "</s>", "<unk>", *BPE_ENTRIES, "<mask>"])
    return RobertaTokenizer(vocab=vocab, merges=MERGES)


def whisper() -> WhisperTokenizer:
    vocab = ids_of([*BPE_ENTRIES, "<|endoftext|>"])
    tokenizer = WhisperTokenizer(vocab=vocab, merges=MERGES)
    special = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
    tokenizer.add_special_tokens({"extra_special_tokens": special})
    tokenizer.add_tokens(TIMESTAMPS)
    tokenizer.set_prefix_tokens()
    return tokenizer


def bert_entries() -> list[str]:
    characters = [*map(chr, range(0x21, 0x7F)), "à", "ß", "ü", "…"]
    pieces = [*characters, *WORDS]
    special = ["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return [*special, *pieces, *(f"##{piece}" for piece in [*characters, *PARTS])]


def bert(lower: bool = True) -> BertTokenizer:
    return BertTokenizer(vocab=ids_of(bert_entries()), do_lower_case=lower)


def cased_bert() -> BertTokenizer:
    return bert(lower=False)


def word_end_merges() -> Merges:
    """That lead to the words, whole and as the beginnings of longer ones, and to a last piece."""
    merges: dict[tuple[str, str], None] = {}
    for word in ("the", "liber", "don", "tarian", "is"):
        for ended in ("</w>", ""):
            symbols = [*word[:-1], word[-1] + ended]
            left = symbols[0]
            for right in symbols[1:]:
                merges[left, right] = None
                left += right
    return list(merges)


def clip() -> CLIPTokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = word_end_merges()
    entries = [*alphabet, *(c + "</w>" for c in alphabet), *(a + b for a, b in merges)]
    vocab = ids_of([*entries, "<|startoftext|>", "<|endoftext|>"])
    return CLIPTokenizer(vocab=vocab, merges=merges)


BIOGPT_ENTRIES = [
    *["<s>", "<pad>", "</s>", "<unk>"],
    *[c + end for c in "abdehilnorst.αé" for end in ("", "</w>")],
    *[a + b for a, b in word_end_merges()],
    "madeupword0000",
]

KINDS: dict[str, Callable[[], PreTrainedTokenizerBase]] = {
    "gpt2": gpt2,
    "opt": opt,
    "roberta": roberta,
    "whisper": whisper,
    "bert": bert,
    "cased bert": cased_bert,
    "clip": clip,
}


def save_older(tokenizer: PreTrainedTokenizerBase, folder: Path, *, beside: bool) -> None:
    """Writes vocab.json and merges.txt, or vocab.txt, and what lies beside them if asked for."""
    tokenizer.save_pretrained(folder / "new")
    description = json.loads((folder / "new/tokenizer.json").read_text())
    model = description["model"]
    if beside:
        shutil.copy(folder / "new/tokenizer_config.json", folder)
        added = {t["content"]: t["id"] for t in description["added_tokens"]}
        beyond = {text: n for text, n in added.items() if text not in model["vocab"]}
        if beyond:
            (folder / "added_tokens.json").write_text(json.dumps(beyond))
    shutil.rmtree(folder / "new")
    if model["type"] == "WordPiece":
        lines = sorted(model["vocab"], key=model["vocab"].get)
        (folder / "vocab.txt").write_text("".join(line + "\n" for line in lines))
    else:
        write_bpe(folder, model["vocab"], [tuple(merge) for merge in model["merges"]])


def write_bpe(folder: Path, vocab: dict[str, int], merges: Merges) -> None:
    (folder / "vocab.json").write_text(json.dumps(vocab))
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")


def qwen() -> Tokenizer:
    """As Qwen, Llama 3 and OLMo 2 have it: text is split by a pattern before its bytes are read."""
    backend = gpt2().backend_tokenizer
    backend.normalizer = normalizers.NFC()
    words = Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|\s+")
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return backend

"""The token that a model's texts begin with, or are separated by, where it says which."""

from itertools import takewhile
from typing import Any

# Of the models whose tokenizer puts nothing before a text; an earlier name goes before a later.
_NAMES = ("[CLS]", "<|startoftext|>", "<|endoftext|>", "<s>", "<bos>", "</s>")


def first_token(tokenizer: dict[str, Any]) -> int | None:
    """The id of that token of a tokenizer, given as its JSON.

    It is what the tokenizer itself puts before a text, if that is one token: several, as Whisper
    has them, are a task and no beginning. Else it is a special token that is known by its name.
    """
    before = _before_text(tokenizer["post_processor"])
    if len(before) == 1:
        return before[0]
    added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    entries = tokenizer["model"]["vocab"]
    places = (added, entries) if isinstance(entries, dict) else (added,)
    return next((ids[name] for ids in places for name in _NAMES if name in ids), None)


def _before_text(step: dict[str, Any] | None) -> list[int]:
    kind = step["type"] if step else None
    if kind in ("RobertaProcessing", "BertProcessing"):
        return [step["cls"][1]]
    if kind == "TemplateProcessing":
        pieces = takewhile(lambda piece: "SpecialToken" in piece, step["single"])
        names = [piece["SpecialToken"]["id"] for piece in pieces]
        return [i for name in names for i in step["special_tokens"][name]["ids"]]
    if kind == "Sequence":
        return [i for part in step["processors"] for i in _before_text(part)]
    return []

"""The special tokens of a tokenizer in older files, which say them beside the vocabulary."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, processors

from detok.errors import CheckpointError

ROLES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
_FLAGS = ("lstrip", "rstrip", "single_word", "normalized", "special")


@dataclass(frozen=True)
class Named:
    """The special tokens of a tokenizer: each by its text, its role and, if it is told, its id."""

    tokens: dict[str, AddedToken]
    roles: dict[str, str]  # "bos": "<s>"
    ids: dict[str, int]  # of those that have one beside the vocabulary
    settings: dict[str, Any]  # of tokenizer_config.json

    def entries(self, entries: dict[str, int]) -> dict[str, int]:
        """A vocabulary with those that have their id elsewhere."""
        return self.ids | entries

    def add_to(self, backend: Tokenizer, first: str | None) -> None:
        """Makes them special, and the first the one that the tokenizer puts before a text.

        A token that the vocabulary lacks comes after its last, as `transformers` does it.
        """
        backend.add_tokens(list(self.tokens.values()))
        token_id = None if first is None else backend.token_to_id(first)
        if token_id is not None:
            backend.post_processor = processors.TemplateProcessing(
                single=[first, "$A"], special_tokens=[(first, token_id)]
            )


def read_named(folder: Path, entries: dict[str, int], usual: dict[str, str]) -> Named:
    """The special tokens that files beside the vocabulary name.

    A role that no file speaks of has its usual token, if the vocabulary has that.
    """
    settings = read_object(folder / "tokenizer_config.json")
    said = settings | read_object(folder / "special_tokens_map.json")
    tokens: dict[str, AddedToken] = {}
    ids: dict[str, int] = {}
    for token_id, value in (settings.get("added_tokens_decoder") or {}).items():
        tokens[_content(value)] = _token(value)
        ids[_content(value)] = int(token_id)
    roles = {role: token for role, token in usual.items() if token in entries}
    for role in ROLES:
        value = said.get(f"{role}_token")
        if value is not None:
            roles[role] = _content(value)
            tokens.setdefault(roles[role], _token(value))
    for token in roles.values():
        tokens.setdefault(token, _token(token))
    for key in ("additional_special_tokens", "extra_special_tokens"):
        values = said.get(key) or []
        for value in values.values() if isinstance(values, dict) else values:
            tokens.setdefault(_content(value), _token(value))
    for token, token_id in read_object(folder / "added_tokens.json").items():
        tokens.setdefault(token, AddedToken(token, special=False))
        ids.setdefault(token, token_id)
    order = sorted(tokens, key=lambda token: ids.get(token, len(entries) + len(ids)))
    return Named({token: tokens[token] for token in order}, roles, ids, settings)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object, which is empty where there is no such file."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}; expected a JSON object")
    return content


def _content(value: Any) -> str:
    content = value.get("content") if isinstance(value, dict) else value
    if not isinstance(content, str) or not content:
        raise CheckpointError(f"a special token is {value!r}; expected its text")
    return content


def _token(value: Any) -> AddedToken:
    flags = {"special": True}
    if isinstance(value, dict):
        flags |= {flag: bool(value[flag]) for flag in _FLAGS if flag in value}
    return AddedToken(_content(value), **flags)

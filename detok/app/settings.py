"""What whoever runs the app may set, all of it in environment variables, checked before it is used.

`VARIABLES` says what there is. Root-level values of `.streamlit/secrets.toml` with these names are
taken for environment variables. A laptop needs none of them; a server that strangers may use needs
`DETOK_HOSTED=1`. Nothing here needs Streamlit.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from detok.bundled import BUNDLED
from detok.errors import InputError

PREFIX = "DETOK_"
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


@dataclass(frozen=True)
class Settings:
    """The settings that are in force."""

    hosted: bool
    model: str  # that the app opens on; empty: GPT-2 where it is on this machine, else "mini"
    models: tuple[str, ...]  # that visitors may choose beside the bundled; empty: all that are here
    max_text: int  # characters, before it is split into tokens
    max_corpus: int  # tokens of a visitor's own corpus
    corpora: tuple[Path, ...]  # folders with texts that visitors may name; none: they may name none
    heavy: int  # computations of minutes at once, and as many of seconds
    cached_models: int
    cache_bytes: int
    device: str
    threads: int  # of PyTorch; 0: as many as it takes itself

    @property
    def is_listed(self) -> bool:
        """Whether only listed models can be chosen."""
        return self.hosted or bool(self.models)


@dataclass(frozen=True)
class Variable:
    """One setting: what it is, how its text is read, and what it is without one."""

    field: str
    meaning: str
    read: Callable[[str], Any]
    default: str
    hosted: str | None = None  # the default of a server, if it is another one

    def shown(self) -> str:
        """The defaults, as in the README."""
        at_first = f"`{self.default}`" if self.default else "none"
        return at_first if self.hosted is None else f"{at_first}; hosted `{self.hosted}`"


def _switch(text: str) -> bool:
    values = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in values:
        raise ValueError("1 or 0")
    return values[text.lower()]


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        digits = text.replace("_", "").replace(",", "")
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 16):
            raise ValueError(f"a whole number from {least:,} to {most:,}")
        if not least <= int(digits) <= most:
            raise ValueError(f"a whole number from {least:,} to {most:,}")
        return int(digits)

    return read


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([KMG]?B?)", text, re.I | re.A)
    unit = None if found is None else _UNITS.get(found[2].upper())
    size = 0 if unit is None else int(float(found[1]) * unit)
    if size < 10**8:
        raise ValueError("an amount of memory of at least 100 MB, such as 4GB")
    return size


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if text and not names:
        raise ValueError("names of models with commas between them")
    return names


def _folders(text: str) -> tuple[Path, ...]:
    folders = tuple(Path(name).expanduser().resolve() for name in _names(text))
    if not all(folder.is_dir() for folder in folders):
        raise ValueError("folders that are there, with commas between them")
    return folders


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,2})?", text, re.A):
        raise ValueError("auto, cpu, cuda, or one GPU such as cuda:0")
    return text


VARIABLES: Mapping[str, Variable] = {
    "DETOK_HOSTED": Variable(
        "hosted",
        "1 on a server that strangers may use: only listed models can be chosen",
        _switch,
        "0",
    ),
    "DETOK_MODEL": Variable(
        "model",
        "the model that the app opens on: a hub id, a folder, a `.safetensors` file",
        str,
        "",
    ),
    "DETOK_MODELS": Variable(
        "models",
        "the models that visitors may choose beside those that come along, with commas between "
        "them; what is not here is fetched when chosen",
        _names,
        "",
    ),
    "DETOK_MAX_TEXT": Variable(
        "max_text",
        "characters that are used of a text that a visitor gives; what follows is cut off before "
        "the text is split into tokens",
        _whole(1_000, 1_000_000),
        "20_000",
    ),
    "DETOK_MAX_CORPUS": Variable(
        "max_corpus",
        "tokens of a visitor's own corpus, which is not counted if it has more; of a file of "
        "counts, different pairs",
        _whole(1_000, 10_000_000_000),
        "1_000_000_000",
        "5_000_000",
    ),
    "DETOK_CORPORA": Variable(
        "corpora",
        "folders, with commas between them, of which visitors may name files to be counted; "
        "without any they only upload some",
        _folders,
        "",
    ),
    "DETOK_HEAVY": Variable(
        "heavy",
        "how many computations of minutes are under way at once, and how many of seconds; "
        "others queue",
        _whole(1, 64),
        "1",
    ),
    "DETOK_CACHED_MODELS": Variable(
        "cached_models", "models kept in memory at once", _whole(2, 64), "3"
    ),
    "DETOK_CACHE_BYTES": Variable(
        "cache_bytes",
        "memory for models and all that was computed of them, such as `2GB`; what was not used for "
        "longest goes first",
        _bytes,
        "4GB",
        "1GB",
    ),
    "DETOK_DEVICE": Variable("device", "`cpu`, `cuda`, `cuda:0`, …", _device, "auto"),
    "DETOK_THREADS": Variable(
        "threads", "PyTorch's threads; 0: as it decides itself", _whole(0, 256), "0"
    ),
}
# Read where they are used, which is not only in the app.
OTHERS = {
    "DETOK_COUNTS": "a file of counts, made by `python -m detok count`",
    "DETOK_CACHE": "the folder of what is kept on disk",
}


def now() -> Settings:
    """The settings by the environment as it is now.

    Raises: InputError that names everything that cannot be used.
    """
    return _read(tuple(sorted(item for item in os.environ.items() if item[0].startswith(PREFIX))))


@lru_cache(maxsize=8)
def _read(given: tuple[tuple[str, str], ...]) -> Settings:
    texts = {name: text.strip() for name, text in given if text.strip()}
    mistakes, values = [], {}
    for name in texts:
        if name not in VARIABLES and name not in OTHERS and not name.startswith("DETOK_TEST_"):
            close = get_close_matches(name, [*VARIABLES, *OTHERS], 1)
            meant = f"; is {close[0]} meant?" if close else ""
            mistakes.append(f"{name} is no setting of detok{meant}")
    for name, variable in VARIABLES.items():
        if name in texts:
            try:
                values[variable.field] = variable.read(texts[name])
            except ValueError as error:
                mistakes.append(f"{name} is {texts[name]!r}; expected {error}")
    if mistakes:
        raise InputError("the settings cannot be used: " + "; ".join(mistakes))
    values.setdefault("hosted", False)
    for variable in VARIABLES.values():
        text = variable.hosted if values["hosted"] and variable.hosted else variable.default
        values.setdefault(variable.field, variable.read(text))
    settings = Settings(**values)
    known = {*settings.models, *BUNDLED}
    if settings.models and settings.model and settings.model not in known:
        raise InputError(
            f"the settings cannot be used: DETOK_MODEL is {settings.model!r}, which DETOK_MODELS "
            f"does not have; expected one of {', '.join(sorted(known))}"
        )
    return settings

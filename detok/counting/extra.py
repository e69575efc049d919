"""Libraries that only some counts need, and that are installed by `pip install detok[corpus]`."""

from importlib import import_module
from typing import Any

from detok.errors import InputError


def needed(library: str, purpose: str) -> Any:
    """The library, imported.

    Raises: InputError if it is not installed.
    """
    try:
        return import_module(library)
    except ImportError as error:
        raise InputError(
            f"{purpose} needs the library {library}, which is not installed here; expected it, as "
            "by: pip install 'detok[corpus]'"
        ) from error

"""Which models a visitor may choose."""

import os

import streamlit as st
from huggingface_hub import is_offline_mode

from detok.app import settings
from detok.bundled import BUNDLED
from detok.errors import InputError
from detok.model import source
from detok.model.known import KNOWN


@st.cache_resource(ttl=60.0, max_entries=1, show_spinner=False)
def here() -> tuple[str, ...]:
    """The hub's models that are on this machine; looked for anew each minute."""
    return tuple(source.models_here())


def default() -> str:
    """The model that the app opens on."""
    return settings.now().model or _opens_on(settings.now().models)


@st.cache_resource(max_entries=2, show_spinner=False)
def _opens_on(listed: tuple[str, ...]) -> str:
    """Decided once, so that it stays while models are fetched."""
    return "gpt2" if "gpt2" in here() and (not listed or "gpt2" in listed) else "mini"


def offered() -> list[str]:
    """What can be chosen: where models are listed, those; nothing that cannot be had."""
    given = settings.now()
    names = given.models if given.is_listed else (*here(), *KNOWN)
    return list(dict.fromkeys([default(), *BUNDLED, *filter(_can_be_had, names)]))


def on_this_machine() -> list[str]:
    """What can be chosen without a download."""
    return [name for name in offered() if _is_here(name)]


def _is_here(name: str) -> bool:
    return name in BUNDLED or name in here() or os.path.exists(os.path.expanduser(name))


def _can_be_had(name: str) -> bool:
    return _is_here(name) or not is_offline_mode()


def check(name: str) -> None:
    """Raises: InputError for a model that visitors may not choose here."""
    given = settings.now()
    if given.is_listed and name not in {default(), *BUNDLED, *given.models}:
        raise InputError(f"{name!r} is not among the models of this server")

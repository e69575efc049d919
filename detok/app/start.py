"""What is done once on a server, before its first page is shown."""

import os
from dataclasses import asdict
from functools import cache

import streamlit as st
import torch
from streamlit.runtime import Runtime

from detok.app import load, log, settings
from detok.errors import InputError
from detok.model.layer import pick_device
from detok.version import __version__


def begin() -> None:
    """Has the settings take effect, once.

    Raises: InputError if they cannot be used.
    """
    try:
        _once()
        settings.now()
    except InputError as error:
        log.event("settings refused", reason=str(error))
        raise


@cache  # what raises is done again
def _once() -> None:
    log.begin()
    _take_secrets()
    given = settings.now()
    device = pick_device(given.device)
    if given.threads:
        torch.set_num_threads(given.threads)
    in_use: dict[str, object] = {"device": str(device), "threads": torch.get_num_threads()}
    if Runtime.exists():
        in_use["hosts"] = st.get_option("server.allowedHosts") or "any"
    log.event("start", detok=__version__, torch=torch.__version__, **(asdict(given) | in_use))
    load.begin()


def _take_secrets() -> None:
    """Streamlit makes variables of the numbers and texts in secrets.toml, but not of true."""
    if st.secrets.load_if_toml_exists():
        for name, value in st.secrets.items():
            if name.startswith(settings.PREFIX) and isinstance(value, bool):
                os.environ[name] = str(int(value))

"""`python -m detok app`: starts the app, from a checkout or from where the package is installed."""

import argparse
import runpy
import sys
from importlib import metadata
from pathlib import Path

from detok.errors import InputError


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    app = commands.add_parser(
        "app",
        help="start the app",
        description="Starts the app, as `streamlit run app.py` does in a checkout.",
        epilog="Streamlit's settings are environment variables: STREAMLIT_SERVER_PORT=80, …\n"
        "SIGUSR1 has memory, sessions, what is kept, and the queue written to the log.",
    )
    app.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> None:
    from detok.app import load  # and with it, what Streamlit is kept from before the first visitor

    load.on_demand()
    sys.argv = ["streamlit", "run", str(script())]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def script() -> Path:
    """The app's first page.

    Raises: InputError if the package was copied without it.
    """
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").exists():
        return checkout / "app.py"
    try:
        installed = metadata.files("detok") or []
    except metadata.PackageNotFoundError:
        installed = []
    for file in installed:
        if file.parts[-3:] == ("share", "detok", "app.py"):
            return Path(file.locate()).resolve()
    raise InputError(f"{checkout} has no app.py beside the package; expected a whole installation")

"""`python -m detok ready`: whether the app can be shown to visitors, before it is."""

import argparse
import logging
import sys


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    ready = commands.add_parser(
        "ready",
        help="check the settings of the app, and that its first model answers",
        description="Checks the settings of the app as they are here, loads the model that it "
        "opens on, fetching it once if it has to, asks it something, and says which other models "
        "visitors may choose and where measures are kept.",
        epilog="Exit status: 0 if visitors can come, 2 for what can be mended.",
    )
    ready.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> None:
    # Streamlit warns of everything that is done without a browser.
    logging.getLogger("streamlit").setLevel(logging.CRITICAL)
    from detok.app.ready import ready

    for name, value in ready():
        sys.stdout.write(f"{name:<14}{value}\n")
        sys.stdout.flush()

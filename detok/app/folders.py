"""The server's own folders, which errors on a visitor's page do not tell.

A model that was opened by its path still has the path for its name.
"""

import logging
import os
import re
import sysconfig
import tempfile
from pathlib import Path

from huggingface_hub import constants

ROOT = Path(__file__).parents[2]


def untold(sentence: str) -> str:
    """A sentence with "…/config.json" for a path in a folder of the server; the log has the paths.

    Only what lies in folders that are known: where detok, Python and its packages are, the
    caches, what the variables of the environment name, and where the server's user is at home.
    """
    named = [v for n, vs in os.environ.items() if n.startswith("DETOK_") for v in vs.split(",")]
    places = [ROOT, Path.cwd(), Path.home(), tempfile.gettempdir(), constants.HF_HOME]
    places += [constants.HF_HUB_CACHE, *map(sysconfig.get_path, ("stdlib", "purelib")), *named]
    known = {str(place).rstrip("/") for place in places if Path(place).is_absolute()} - {""}
    longest_first = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    path = re.compile(rf"(?<![\w/])(?:{longest_first})(?![\w-])(?:/[^\s'\"“”:;,()]*)?")
    if paths := path.findall(sentence):  # the rest of it may be what a visitor has typed
        logging.getLogger(__name__).warning("told by its name alone: %s", ", ".join(paths))
    return path.sub(lambda found: f"…/{Path(found[0]).name}", sentence)

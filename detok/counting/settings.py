"""What a folder of counted runs holds, in its file `settings.json`."""

import json
import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from detok.errors import InputError

FILE = "settings.json"


def agreed(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    """The settings that a count was begun with, which only in their date may be others.

    Raises: InputError if they are, or are damaged.
    """
    if not (folder / FILE).exists():
        # Tasks on other machines may do so too.
        with NamedTemporaryFile("w", dir=folder, suffix=".new", delete=False) as new:
            json.dump(settings, new, indent=1)
        os.replace(new.name, folder / FILE)
        return settings
    known = read(folder)
    other = [key for key in settings if key != "date" and known.get(key) != settings[key]]
    if "datasets" in other and known.get("datasets"):
        raise InputError(
            f"{folder} holds a count of {known['datasets']}; expected the same, such as by naming "
            "that commit as the revision, or delete that folder to begin anew"
        )
    if other:
        raise InputError(
            f"{folder} holds a count that was begun with another {' and '.join(other)}; "
            "expected the same arguments to go on with it, or delete that folder to begin anew"
        )
    return known


def read(folder: Path) -> dict[str, str]:
    """Raises: InputError if there are none, or they are damaged."""
    try:
        known = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {str(key): str(value) for key, value in known.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{folder} holds no count that can be read ({error}); expected a folder that detok "
            "counts into"
        ) from error

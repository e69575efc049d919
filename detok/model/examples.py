"""Words to begin with: those that a model was measured to put together, if a file says so."""

import json

from detok.model.layer import Layer

FILE = "examples.json"
# For a model without that file.
WORD = " tranquil"


def words(layer: Layer) -> list[str]:
    """The words in `examples.json` beside the model, best first; none if there is no such file.

    The bundled model's were found by `training.publish`: a head ranks the true first piece first.
    """
    try:
        content = json.loads((layer.source.folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    found = content.get("words") if isinstance(content, dict) else None
    return [word for word in found or [] if isinstance(word, str)]


def example_word(layer: Layer) -> str:
    """The word to begin with: the first in `examples.json` beside the model, else ` tranquil`."""
    return next(iter(words(layer)), WORD)

"""`python -m detok info`: what can be said of a model without reading its weights."""

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from detok.model.amounts import in_bytes

if TYPE_CHECKING:
    from detok.model.card import Card

_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    info = commands.add_parser(
        "info",
        help="say what a model is, and what of it is on this machine",
        description="Says what a model is: its architecture and sizes, what its first layer takes "
        "in bytes, what of that is on this machine, and which counts fit it. Reads no weights, and "
        "of a model that is not here asks the hub only for its configuration and headers.",
    )
    info.set_defaults(run=_run)
    info.add_argument(
        "model", metavar="MODEL", help="mini, a hub id, a folder, a .safetensors file"
    )
    info.add_argument("--revision", help="a branch, a tag or a commit of a hub id (default: main)")


def _run(options: argparse.Namespace) -> None:
    from detok.model.card import card_of

    card = card_of(options.model, options.revision)
    lines = [f"  {name:<14}{value}\n" for name, value in _lines(card)]
    sys.stdout.write(f"{card.model_id}\n{''.join(lines)}")
    if card.unasked is not None:
        sys.stderr.write(f"This is from detok's own list: {card.unasked}.\n")


def _lines(card: "Card") -> Iterator[tuple[str, str]]:
    sizes = card.sizes
    yield "architecture", sizes.architecture
    yield "layers", f"{sizes.n_layers}"
    yield "heads", f"{sizes.n_heads}, each {sizes.d_head} wide"
    yield "width", f"{sizes.d_model:,}"
    yield "positions", f"{sizes.n_positions:,}"
    yield "tokens", _tokens(card)
    yield "softmax", _softmax(card)
    yield (
        "a token sees",
        "itself and what comes before it" if sizes.is_causal else "what comes after it too",
    )
    yield "type", ", ".join(_TYPES[name] for name in card.types)
    yield (
        "first layer",
        in_bytes(card.size)
        + (f" of {in_bytes(card.whole_size)}" if card.whole_size is not None else ""),
    )
    yield "on this disk", _here(card)
    if card.commit is not None:
        moved = card.latest not in (None, card.commit)
        yield "commit", card.commit + (f"; its branch has moved to {card.latest}" if moved else "")
    yield "counts", _counts(card)


def _tokens(card: "Card") -> str:
    rows, n = card.sizes.vocab_size, card.n_tokens
    if n is None:
        return f"{rows:,} rows"
    return f"{rows:,}" if n == rows else f"{rows:,} rows, {n:,} of them with a token"


def _softmax(card: "Card") -> str:
    scale, d_head = card.sizes.scale, card.sizes.d_head
    if scale == 1:
        return "divides by nothing"
    if scale == d_head**0.5:
        return f"divides by √{d_head} = {scale:.4g}"
    return f"divides by {scale:.4g}"


def _here(card: "Card") -> str:
    if card.folder is not None:
        return f"{in_bytes(card.size_here)} in {card.folder}"
    if card.size_here:
        return f"{in_bytes(card.size_here)} of an interrupted fetch"
    return "nothing"


def _counts(card: "Card") -> str:
    if card.folder is None or card.tokenizer is None:
        return "not known before its tokenizer is here"
    from detok.counting.choice import VARIABLE, fitting_file

    path, refused = fitting_file(card.folder, card.tokenizer)
    found = "none fits its tokenizer" if path is None else str(path)
    if str(path) == os.path.expanduser(os.environ.get(VARIABLE, "")):
        found += f" ({VARIABLE})"
    return found if refused is None else f"{found}; {refused}"

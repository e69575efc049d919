"""What tells where numbers come from: the model, its counts, versions, the code and the link."""

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st
import torch

import detok
from detok.app import cached, own_counts
from detok.app.identity import revision
from detok.counting.counts import Counts
from detok.version import __version__


def about(layer: detok.Layer, values: str, counts: Counts | None = None) -> dict[str, str]:
    """What a reader of numbers must know of them; `counts` are those that took part in them."""
    commit = layer.source.revision
    return {
        "model": layer.name,
        "revision": commit if commit is not None else f"sha256:{revision(layer)}",
        "values": values,
        "heads": "numbered from 0",
        "counts": "" if counts is None else _named(layer, counts),
        "detok": __version__,
        "torch": torch.__version__,
    }


def _named(layer: detok.Layer, counts: Counts) -> str:
    own = own_counts.of(layer)
    return counts.origin if own is None else f"{counts.origin} (a file with sha256 {own.sha256})"


def counts_in_code(layer: detok.Layer, name: str = "layer", *, none: str = "") -> str:
    """The expression that gives the counts that a layer, called so, has here; `none` for none.

    A visitor's own are in the file that they can take along.
    """
    own = own_counts.of(layer)
    if own is not None:
        return f"detok.Counts.load({own.file_name!r}, {name}.tokenizer).padded({name}.vocab_size)"
    if cached.load_counts(layer) is not None:
        return f"detok.counts_for({name})"
    return none or f"detok.Counts.empty({name}.vocab_size)"


def lines(layer: detok.Layer, uses: str | None, *statements: str) -> str:
    """The Python lines that compute a table; `uses` is the room's file with it as `tables`, if any.

    The last statement is to say `table = …`; before them there is `layer`.
    """
    package, _, module = (uses or "").rpartition(".")
    begun = [
        "import detok",
        *([f"from detok.{package} import {module} as tables"] if uses else []),
        "",
        f"layer = {loaded(layer)}",
    ]
    return "\n".join([*begun, *statements])


def run_lines(layer: detok.Layer, run: detok.Run, uses: str, *statements: str) -> str:
    """As `lines`; before the statements there is `run`, of the same model, text and target."""
    return lines(
        layer,
        uses,
        f"model = {loaded(layer, 'load_model')}",
        f"run = detok.run(model, {run.ids.tolist()}, {run.target})",
        *statements,
    )


def of_run(run: detok.Run) -> dict:
    """What of a `Figure` tells its text and target."""
    vocabulary, ids = run.model.tokenizer, run.ids.tolist()
    return {
        "of": f"{vocabulary.text(*ids)} → {vocabulary.show(run.target)}",
        "more": {"token_ids": ids, "target_id": run.target},
    }


def loaded(layer: detok.Layer, function: str = "load") -> str:
    """The expression that loads a layer as it is here, or its model by another function."""
    commit = layer.source.revision
    pinned = "" if commit is None else f", revision={commit!r}"
    return f"detok.{function}({layer.name!r}{pinned})"


def ids_of(ids: Sequence[int]) -> str:
    """The line that names a text's tokens."""
    return f"ids = {list(ids)}"


def link() -> str:
    """The address of what the visitor sees."""
    choices = urlencode(st.query_params.to_dict(), doseq=True)
    return f"{st.context.url or ''}{'?' if choices else ''}{choices}"

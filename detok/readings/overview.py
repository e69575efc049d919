"""What the overview says of a model, in sentences."""

from collections.abc import Iterable

import pandas as pd

from detok.bundled import BUNDLED
from detok.model.amounts import in_bytes
from detok.model.any_layer import AnyLayer
from detok.model.known import Known
from detok.readings import words
from detok.tables.overview import peak

FELL_BACK = 0.03  # of a pair AUROC, so far from its highest that it is worth a word


def facts(layer: AnyLayer) -> dict[str, str]:
    """What a visitor wants to know of the model: its size, and where it came from."""
    return {
        "Layers": f"{layer.n_layers}",
        "Heads H": f"{layer.n_heads}",
        "Width d": f"{layer.d_model:,}",
        "Positions L": f"{layer.n_positions:,}",
        "Vocabulary V": f"{layer.vocab_size:,}",
        "In memory": in_bytes(layer.n_bytes),
    }


def pieces(layer: AnyLayer, text: str) -> str:
    """The tokens that this model has for a text."""
    vocabulary = layer.tokenizer
    return " + ".join(f"“{shown}”" for shown in vocabulary.show_each(vocabulary.encode(text)))


def origin(layer: AnyLayer) -> str:
    """Where the checkpoint came from, and where and how exactly its first layer is computed."""
    source = layer.source
    where = (
        f"from the hub, commit {source.revision}"
        if source.revision
        else "bundled with detok, trained by its own script on public-domain books"
        if source.model_id in BUNDLED
        else f"from the folder {source.folder.name}"
    )
    computed, stored = (
        str(dtype).removeprefix("torch.") for dtype in (layer.dtype, layer.W_E.dtype)
    )
    held = f"; the embeddings are held in {stored}" if stored != computed else ""
    return (
        f"{layer.name}: {where}; computed in {computed} on {layer.device.type}, where "
        f"{in_bytes(layer.n_bytes)} hold its first layer{held}."
    )


def moved(layer: AnyLayer) -> str | None:
    """That the hub has a newer commit of this model, if it is known to."""
    source = layer.source
    if source.latest is None or source.latest == source.revision:
        return None
    return (
        f"The hub has a newer commit of {layer.name} by now, {source.latest}. This page stays with "
        f"{source.revision} until `python -m detok fetch {layer.name}` brings the other."
    )


def to_fetch(known: Iterable[Known]) -> str:
    """A line for each model that would be fetched: its size, heads and positions."""
    lines = (
        f"- {model.model_id}: {in_bytes(model.size)}, {model.sizes.n_heads} heads, "
        f"{model.sizes.n_positions:,} positions"
        for model in known
    )
    return "\n".join(lines)


def unused(layer: AnyLayer) -> str | None:
    """How many rows of the embeddings stand for no token, if there are any."""
    n = layer.n_without_token
    if not n:
        return None
    rows = "1 row of the embeddings stands" if n == 1 else f"{n:,} rows of the embeddings stand"
    return (
        f"{rows} for no token of {layer.n_rows:,} in all: no ranking, AUROC or average over the "
        "vocabulary has them."
    )


def emergence(growth: pd.DataFrame, fallen: pd.DataFrame) -> str:
    """How the heads' pair AUROC came about in training: the best, the others, and falls on the way.

    Of two tables of `detok.tables.overview`.
    """
    first, last, most = growth.iloc[0], growth.iloc[-1], peak(growth)
    fell = ""
    if f"{most['highest']:.2f}" > f"{last['highest']:.2f}":
        fell = (
            f" The highest on the way, {most['highest']:.2f}, was in head {most['head']:.0f} after "
            f"{most['tokens'] / 1e6:,.0f} M."
        )
    back = fallen[fallen["fell"] >= FELL_BACK]
    if len(back):
        far = back.iloc[0]
        n, height = len(back), f"from {far['highest']:.2f} to {far['last']:.2f}"
        which = f"head {far['head']:.0f}" if n == 1 else f"head {far['head']:.0f} the furthest"
        fell += (
            f" {n} of {words.amount(len(fallen), 'head')} fell back by {FELL_BACK} or more: "
            f"{which}, {height}."
        )
    others = f" and {last['others']:.2f} in the median of the others" if len(fallen) > 1 else ""
    return (
        "Pair AUROC: the chance that Tᵉᵉ ranks a token that the training texts have before "
        "another above one drawn from these texts; a head that knows how common tokens are and "
        "nothing of pairs is near 0.5. "
        f"It began between {first['lowest']:.2f} and {first['highest']:.2f}; "
        f"after {last['tokens'] / 1e6:,.0f} M tokens it is {last['highest']:.2f} in head "
        f"{last['head']:.0f}{others}, and a head has "
        f"the true predecessor of {last['first_3']:.0%} of the tokens among its first three."
        f"{fell} The paper's AUROC beside it is high also for a head that knows frequencies only. "
        f"Held-out loss: {first['held_out_loss']:.2f} nats per token at first, "
        f"{last['held_out_loss']:.2f} in the end."
    )


def others(titles: list[str]) -> str:
    """Which pages have nothing to show of a layer without learned positions."""
    pages = " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)
    return f"{pages} {'show' if len(titles) > 1 else 'shows'} models with learned positions alone."


def not_here(layer: AnyLayer) -> str:
    """Why a page has nothing to show of a layer that adds no positions to its tokens."""
    terms = ", ".join(layer.term_names)
    return (
        f"{layer.name} adds no positions to its tokens: "
        f"its scores depend on how far apart two tokens are, and are made of {terms}. This page "
        "shows models with learned positions, such as GPT-2."
    )

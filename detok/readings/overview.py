"""What the overview says of a model, in sentences."""

import pandas as pd

from detok.bundled import BUNDLED
from detok.model.layer import Layer


def facts(layer: Layer) -> dict[str, str]:
    """What a visitor wants to know of the model: its size, and where it came from."""
    return {
        "Layers": f"{layer.n_layers}",
        "Heads H": f"{layer.n_heads}",
        "Width d": f"{layer.d_model:,}",
        "Positions L": f"{layer.n_positions:,}",
        "Vocabulary V": f"{layer.vocab_size:,}",
    }


def pieces(layer: Layer, text: str) -> str:
    """The tokens that this model has for a text."""
    show, ids = layer.tokenizer.show, layer.tokenizer.encode(text)
    return " + ".join(f"“{show(token)}”" for token in ids)


def origin(layer: Layer) -> str:
    """Where the checkpoint came from, and where and how exactly its first layer is computed."""
    source = layer.source
    where = (
        f"from the hub, revision {source.revision}"
        if source.revision
        else "bundled with detok, trained by its own script on public-domain books"
        if source.model_id in BUNDLED
        else f"from the folder {source.folder.name}"
    )
    kind = str(layer.Q_E.dtype).removeprefix("torch.")
    return f"{layer.name}: {where}; computed in {kind} on {layer.device.type}."


def emergence(growth: pd.DataFrame) -> str:
    """How the best head's AUROC and its lead over the others grew during training."""
    first, last = growth.iloc[0], growth.iloc[-1]
    return (
        f"AUROC: how well T^ee tells the tokens that really precede a token in the training texts "
        f"from those that never do (0.5 is chance). It began between {first['lowest']:.2f} and "
        f"{first['highest']:.2f}; after {last['tokens'] / 1e6:,.0f} M tokens head "
        f"{last['head']:.0f} reaches {last['highest']:.2f}, the others' median is "
        f"{last['others']:.2f}. Held-out loss fell from {first['held_out_loss']:.2f} to "
        f"{last['held_out_loss']:.2f} nats per token."
    )

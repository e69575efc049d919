"""The tables of the forward-pass shift."""

from dataclasses import dataclass

import pandas as pd
import torch

from detok.tables.common import array
from detok.whole.run import Run
from detok.whole.shift import ForwardShift, shift

# In steps of 1, 2 and 5: how much is enough differs between models and layers by orders.
ETAS = (*(float(f"{digit}e{power}") for power in range(-4, 0) for digit in (1, 2, 5)), 1.0)


def rival(run: Run) -> int | None:
    """The most probable token after the text other than the target, if there is another."""
    best = run.log_probs.topk(min(2, len(run.log_probs))).indices.tolist()
    return next((token for token in best if token != run.target), None)


def stranger(run: Run, sample: int) -> int | None:
    """A token drawn at random that is neither the target nor its rival, if there is one."""
    V = run.model.vocab_size
    order = torch.randperm(V, generator=torch.Generator().manual_seed(sample))[:3].tolist()
    return next((token for token in order if token not in (run.target, rival(run))), None)


def curve(run: Run, layer: int, sample: int) -> pd.DataFrame:
    """The probability of tokens after the text, once W₂ of a layer is shifted, over η.

    Columns: line ("target", "rival", or "control": the target's where the same shift is towards the
    `stranger` of a sample), towards (the id shifted towards), token_id and shown (whose probability
    it is), eta, before (as the model is), after.
    """
    towards_target = shift(run, run.target, layer, ETAS)
    lines = [("target", run.target, run.target, towards_target)]
    if (other := rival(run)) is not None:
        lines.append(("rival", run.target, other, towards_target))
    if (random := stranger(run, sample)) is not None:
        lines.append(("control", random, run.target, shift(run, random, layer, ETAS)))
    return pd.concat([_line(run, *line) for line in lines], ignore_index=True)


def _line(run: Run, name: str, towards: int, token: int, found: ForwardShift) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": name,
            "towards": towards,
            "token_id": token,
            "shown": run.model.tokenizer.show(token),
            "eta": array(found.etas),
            "before": found.unchanged[token].exp().item(),
            "after": array(found.log_probs[:, token].exp()),
        }
    )


def by_layer(run: Run, eta: float) -> pd.DataFrame:
    """The target's probability at one η, once W₂ of each layer by itself is shifted towards it.

    Columns: layer, eta, before (as the model is), after.
    """
    after = [shift(run, run.target, layer, eta).after.item() for layer in range(run.model.n_layers)]
    return pd.DataFrame(
        {"layer": range(len(after)), "eta": eta, "before": run.probability, "after": after}
    )


@dataclass(frozen=True)
class Layers:
    """What the shift does in each layer by itself, at one η."""

    best: int  # the layer in which the target becomes most probable
    after: float  # its probability there
    n_raised: int  # layers in which it becomes more probable


def layers(by_layer: pd.DataFrame) -> Layers:
    """In which layer the shift does most, and in how many it helps."""
    best = by_layer.loc[by_layer["after"].idxmax()]
    n_raised = int((by_layer["after"] > by_layer["before"]).sum())
    return Layers(int(best["layer"]), best["after"], n_raised)

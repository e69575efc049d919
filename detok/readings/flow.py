"""What the flow of information to a position says, in sentences."""

import math

import pandas as pd

from detok.readings.words import amount
from detok.tables.flow import Leading, Settled
from detok.whole.run import Run

# What a node of each kind is.
KINDS = {
    "state": "The residual stream, to which attention and MLP of every layer add.",
    "ln_1": "What LayerNorm makes of the stream: all that the heads read of this position.",
    "key": "The key of that token in the space of the stream, by the head's query matrix: what a "
    "state must hold for the head to attend there.",
    "value": "What the head passes on of that token if it gets all of the attention.",
    "head": "What the head adds to the stream: its values, weighted by attention.",
    "attention": "What all heads add to the stream, with the bias.",
    "between": "The residual stream between attention and MLP.",
    "ln_2": "What LayerNorm makes of the stream: all that the neurons read of this position.",
    "neuron": "The row of the second MLP matrix that the neuron adds, times its activation.",
    "mlp": "What all neurons add to the stream, with the bias.",
}


def settled(run: Run, position: int, found: Settled) -> str:
    """After which part the target first has its final rank, and its probabilities; chance."""
    V = run.model.vocab_size
    target, token = (run.model.tokenizer.show(t) for t in (run.target, int(run.ids[position])))
    begun = f"At {token} (position {position}), {target} first has its final rank in the stream, "
    if found.part is None:
        begun += f"{found.rank:,} of {V:,}, before all layers, with {_percent(found.after)}"
    else:
        begun += (
            f"{found.rank:,} of {V:,}, after the {found.part}, which takes its probability from "
            f"{_percent(found.before)} to {_percent(found.after)}"
        )
    keeps = "keeps it" if found.kept == found.part else f"keeps it from the {found.kept} on"
    return (
        f"{begun}; it {keeps} and ends with {_percent(found.last)}. By chance it would be at "
        f"{(V + 1) / 2:,.0f}, the middle, with {_percent(1 / V)}."
    )


def stream(is_last: bool) -> str:
    """How the chart of the stream is to be read."""
    end = (
        "its end is what the model answers with"
        if is_last
        else "its end is what the model would go on with after this position"
    )
    return (
        "Each vector is read as if it were the stream's last, by the final LayerNorm and the "
        f"unembedding (logit lens); {end}. The band is the part of it that the graph shows."
    )


def graph(run: Run, found: Leading, n_parts: int, layers: range) -> str:
    """What stands out in the graph of some layers."""
    target = run.model.tokenizer.show(run.target)
    which = f"Layer {layers[0]}" if len(layers) == 1 else f"Layers {layers[0]} to {layers[-1]}"
    said = [f"{which}, {amount(n_parts, 'part')}."]
    if found.head is not None:
        largest = (
            f"{_capital(found.head['part'])} has the largest norm of the heads, "
            f"{found.head['norm']:.3g}"
        )
        if found.value is not None:
            largest += (
                f"; most of what it passes comes from {found.value['past']} (attention "
                f"{found.value['coefficient']:.2f})"
            )
        said.append(f"{largest}.")
    if found.most is not None:
        said.append(
            f"Of heads and neurons, {found.most['part']} adds most to the logit of {target}, "
            f"{found.most['adds']:+.2f}."
        )
    if found.least is not None:
        said.append(
            f"{_capital(found.least['part'])} takes most from it, {found.least['adds']:+.2f}."
        )
    return " ".join(said)


LEGEND = (
    "A part's colour is the rank of the target in it; the colour of the page is chance or worse. "
    "The width of an edge is its strength over the largest of its kind shown here; what is "
    "negative is blue and dashed. Heads are in the order of their norms, neurons in that of "
    "activation times norm, the most negative ones last."
)


def part(run: Run, row: pd.Series) -> str:
    """What a part is and reads as, its norm, and what it adds to the target's logit."""
    target = run.model.tokenizer.show(run.target)
    said = [
        f"{_capital(row['part'])} has norm {row['norm']:.4g} and reads as {row['reads']} "
        f"({_percent(row['share'])}); in it {target} has rank {row['rank']:,} "
        f"({_percent(row['probability'])})."
    ]
    if row["kind"] == "value":
        said.append(f"It gets {_percent(row['coefficient'])} of the head's attention.")
    if row["kind"] == "neuron":
        said.append(f"Its activation is {row['coefficient']:.3g}.")
        if row["coefficient"] < 0:
            said.append("That is negative: it adds the opposite of its row.")
    if not math.isnan(row["adds"]):
        said.append(_adds(row, target))
    return " ".join([*said, KINDS[row["kind"]]])


def _adds(row: pd.Series, target: str) -> str:
    if row["kind"] == "state" or row["kind"] == "between":
        return f"All that is in it gives {row['adds']:+.3f} to the final logit of {target}."
    weighted = {"value": ", times that attention,", "neuron": ", times that activation,"}
    return (
        f"It{weighted.get(row['kind'], '')} adds {row['adds']:+.3f} to the logit of {target} "
        "directly, past all later layers."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

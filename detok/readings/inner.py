"""What the inner vocabulary says: where the last piece of a word reads as the word."""

import pandas as pd

from detok.whole.run import Run


def ranks(run: Run, word: pd.Series, best: pd.DataFrame) -> str:
    """The best rank of each token that a curve ranks at a word's last piece; chance beside it."""
    V = run.model.vocab_size
    shown = run.model.tokenizer.show_each(run.ids.tolist())[word["stop"] - 1]
    said = [f"At {shown} (position {word['stop'] - 1}), the last piece of {word['pieces']}:"]
    for row in best.to_dict("records"):
        said.append(
            f"{row['token']}, has rank {row['first']:,} before all layers and {row['last']:,} in "
            f"the end; its best is {row['rank']:,}, {_after(row['layer'])}."
        )
    if not word["single"]:
        said.append(
            "No single token spells this word, with a space before it or without, in small "
            "letters or capitals."
        )
    said.append(
        f"At rank 1 that piece reads as that token; of {V:,} tokens in random order, one is at "
        f"{(V + 1) / 2:,.0f} on average."
    )
    return " ".join(said)


def cosines(word: pd.Series, closest: pd.Series) -> str:
    """How close the state of a word's last piece comes to that of the word as one token."""
    return (
        f"The state at the last piece is compared with that of {word['single']}, one token, after "
        f"the same beginning. It is closest {_after(closest['layer'])}: cosine "
        f"{closest['cosine']:.2f}, where the states of this text's other positions are at "
        f"{closest['elsewhere']:.2f} to it on average."
    )


NONE = (
    "No word of this text is split into several tokens, or its tokens are not those that its words "
    "are split into: there is nothing to show."
)


def _after(n_layers: float) -> str:
    return f"after layer {int(n_layers) - 1}" if n_layers else "before all layers"

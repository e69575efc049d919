"""The tables of what the first norm of a rotary model divides its tokens by."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.model.rotary_layer import RotaryLayer
from detok.scores.token_scale import TokenScale


def tokens(layer: RotaryLayer, scale: TokenScale, counts: Counts) -> pd.DataFrame:
    """σ of every token beside its count, in order of its id. Columns: token_id, count, sigma."""
    ids = np.delete(np.arange(layer.vocab_size), layer.holes.tolist())
    return pd.DataFrame(
        {"token_id": ids, "count": counts.tokens[ids], "sigma": scale.sigma.numpy()}
    )


def ends(tokens: pd.DataFrame, layer: RotaryLayer) -> pd.DataFrame:
    """The tokens of the smallest and the largest σ, and the median. Columns: shown, sigma.

    Indexed by smallest, median and largest; the median is no token's.
    """
    least, most = (
        tokens.loc[place] for place in (tokens["sigma"].idxmin(), tokens["sigma"].idxmax())
    )
    show = layer.tokenizer.show
    rows = {
        "smallest": (show(int(least["token_id"])), least["sigma"]),
        "median": ("", tokens["sigma"].median()),
        "largest": (show(int(most["token_id"])), most["sigma"]),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["shown", "sigma"])

"""The tables of what a head likes in tokens, whatever attends to them."""

import numpy as np
import pandas as pd
import torch

from detok.counting.counts import Counts
from detok.model.layer import Layer
from detok.tables.common import array


def liked(
    layer: Layer, shared: torch.Tensor, heads: list[int], k: int, counts: Counts | None
) -> pd.DataFrame:
    """The k tokens of each head with the largest shared part; `shared` (heads, V) are its scores.

    Columns: head, rank, token_id, shown, score, and with counts also count (of the token).
    """
    best = shared.topk(min(k, layer.vocab_size - len(layer.holes)), dim=1)
    n_ranks = best.indices.shape[1]
    token_ids = best.indices.flatten().cpu().numpy()
    table = pd.DataFrame(
        {
            "head": np.repeat(heads, n_ranks),
            "rank": np.tile(np.arange(1, n_ranks + 1), len(heads)),
            "token_id": token_ids,
            "shown": [layer.tokenizer.show(t) for t in token_ids.tolist()],
            "score": array(best.values).ravel(),
        }
    )
    return table if counts is None else table.assign(count=counts.tokens[token_ids])


def of_token(shared: torch.Tensor, heads: list[int], token: int) -> pd.DataFrame:
    """The shared part of one token. Columns: head, score."""
    return pd.DataFrame({"head": heads, "score": array(shared[:, token])})

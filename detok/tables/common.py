"""What several tables are made with."""

import numpy as np
import pandas as pd
import torch

from detok.model.layer import Layer

MAX_POINTS = 3000  # tokens drawn


def by_head_and_position(values: dict[str, torch.Tensor]) -> pd.DataFrame:
    n_heads, n = next(iter(values.values())).shape
    head, j = (index.ravel() for index in np.indices((n_heads, n)))
    columns = {name: v.double().cpu().numpy().ravel() for name, v in values.items()}
    return pd.DataFrame({"head": head, "j": j} | columns)


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.double().cpu().numpy()


def sampled(table: pd.DataFrame, layer: Layer, limit: int = MAX_POINTS) -> pd.DataFrame:
    """Every n-th token by falling frequency, at most `limit`, with the tokens shown."""
    step = -(-len(table) // limit) or 1
    part = table.iloc[::step]
    return part.assign(token=[layer.tokenizer.show(t) for t in part["token_id"]])

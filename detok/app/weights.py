"""How many bytes of memory something takes: its tensors and tables, and whatever else it holds."""

import sys
from types import FunctionType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from tokenizers import Tokenizer

import detok
from detok.app.identity import OF_LAYER

# Of a tokenizer's own tables, for each of its tokens: a BPE of GPT-2's size took 0.3 kB.
PER_TOKEN = 300
NUMBER = 28  # of Python's own
# What is kept by itself, and weighs nothing in what was made of it.
_WHOLE = (*OF_LAYER, detok.Model, detok.Run)


def weight(thing: object) -> int:
    """Bytes in memory or on a GPU; of a part of an array all of it, since that stays."""
    counted: set[object] = set()
    n_bytes, rest = 0, [thing]
    while rest:
        part = rest.pop()
        if id(part) in counted or (part is not thing and isinstance(part, _WHOLE)):
            continue
        counted.add(id(part))
        if isinstance(part, torch.Tensor):
            store = part.untyped_storage()
            if (torch.Tensor, store.data_ptr()) not in counted:
                counted.add((torch.Tensor, store.data_ptr()))
                n_bytes += store.nbytes()
        elif isinstance(part, np.ndarray):
            while isinstance(part.base, np.ndarray):
                part = part.base
            if (np.ndarray, id(part)) not in counted:
                counted.add((np.ndarray, id(part)))
                n_bytes += part.nbytes
        elif isinstance(part, pd.DataFrame):
            n_bytes += int(part.memory_usage(deep=True).sum())
        elif isinstance(part, pd.Series | pd.Index):
            n_bytes += int(part.memory_usage(deep=True))
        elif isinstance(part, pa.Table | pa.Array | pa.Buffer):
            n_bytes += part.size if isinstance(part, pa.Buffer) else part.nbytes
        elif isinstance(part, Tokenizer):
            n_bytes += PER_TOKEN * part.get_vocab_size()
        else:
            n_bytes += sys.getsizeof(part)
            parts = _parts(part)
            numbers = sum(isinstance(one, int | float) for one in parts)
            n_bytes += numbers * NUMBER
            rest += parts if not numbers else [p for p in parts if not isinstance(p, int | float)]
    return n_bytes


def _parts(thing: Any) -> list[Any]:
    if isinstance(thing, dict):
        return [*thing.keys(), *thing.values()]
    if isinstance(thing, list | tuple | set | frozenset):
        return list(thing)
    if isinstance(thing, FunctionType):
        return [cell.cell_contents for cell in thing.__closure__ or ()]
    if type(thing).__module__.partition(".")[0] == "detok" and hasattr(thing, "__dict__"):
        return list(vars(thing).values())
    return []

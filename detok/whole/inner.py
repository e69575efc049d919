"""The inner vocabulary: at which layer the last piece of a word reads as the whole word."""

from numbers import Integral
from typing import TYPE_CHECKING

import torch

from detok.errors import InputError
from detok.model.inputs import check_index
from detok.whole.forward import embedded, forward
from detok.whole.run import Run

if TYPE_CHECKING:
    import pandas as pd


@torch.inference_mode()
def inner_vocabulary(
    run: Run, start: int, stop: int, word: int | str | None = None
) -> "pd.DataFrame":
    """How the last piece of a word reads, by layer: as what follows it, and as the word itself.

    The pieces are the tokens start … stop − 1 of the run; `word`, where there is one, is the single
    token that spells the same. Row l is the residual stream at the last piece before layer l, the
    last row that after all. Columns: layer; next_rank, of the token that follows in the text (of
    the target at its end) in LL(x) = softmax(ln_f(x) W_Uᵀ), 1 the most probable; word_rank, of the
    single token, and cosine, to the state of that token after the same beginning (both NaN without
    one).

    Raises: InputError for positions that the text does not have, a word of no pieces, or a `word`
    that is not exactly one token.
    """
    # Imported here: it takes long, and only this needs it.
    import pandas as pd

    check_index("start", start, run.n, "n")
    if not isinstance(stop, Integral) or not start < stop <= run.n:
        raise InputError(f"stop is {stop!r}; expected start = {start} < stop ≤ n = {run.n}")
    model, states = run.model, run.hidden[:, stop - 1]  # (B + 1, d)
    following = int(run.ids[stop]) if stop < run.n else run.target
    logits = model.logits(states)  # (B + 1, V)

    def ranks(token: int) -> torch.Tensor:
        return (logits > logits[:, token, None]).sum(dim=1) + 1  # (B + 1,)

    table = pd.DataFrame({"layer": range(len(states)), "next_rank": ranks(following).tolist()})
    table["word_rank"] = table["cosine"] = float("nan")
    if word is not None:
        token = model.token_id(word)
        ids = torch.cat([run.ids[:start], run.ids.new_tensor([token])])
        blocks = list(forward(model, embedded(model, ids)))
        single = torch.stack([blocks[0].before[-1], *(block.after[-1] for block in blocks)])
        table["word_rank"] = ranks(token).tolist()
        table["cosine"] = torch.cosine_similarity(states, single, dim=1).tolist()
    return table[["layer", "next_rank", "word_rank", "cosine"]]

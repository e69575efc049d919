"""One token affinity search over all heads, against the authors' approach and the memory's speed.

`python -m benchmarks.affinity` prints ratios that were measured in one run, at the size of GPT-2
small with random weights.
"""

import numpy as np
import pandas as pd
import torch

import detok
from benchmarks import measure, models
from detok.model.layernorm import Moments, fold
from detok.scores.affinity import affinity_scores

TOKEN = 10_465


def authors_search(
    W_QK: torch.Tensor, W_E: torch.Tensor, sigma: torch.Tensor, tokens: np.ndarray
) -> pd.DataFrame:
    """The authors' way: two products with the whole embedding matrix, a data frame of all scores.

    W^QK of all heads, (H, d, d), is made once, before any search, and so is the list of tokens.
    `sigma` is averaged over positions, (V,).
    """
    query = torch.einsum("d,hde->he", W_E[TOKEN], W_QK)  # (H, d)
    scores = torch.einsum("he,ve->hv", query, W_E) / (sigma[TOKEN] * sigma)  # (H, V)
    H, V = scores.shape
    return pd.DataFrame(
        {
            "head": np.repeat(np.arange(H), V),
            "past": np.tile(tokens, H),
            "score": scores.flatten().numpy(),
        }
    )


@torch.inference_mode()
def main() -> None:
    first = models.first_layer()
    layer = models.layer()
    W_Q, W_K = (
        fold(W, b, first.ln_1_weight, first.ln_1_bias)[0].unflatten(1, (models.H, -1))
        for W, b in ((first.W_Q, first.b_Q), (first.W_K, first.b_K))
    )  # (d, H, d')
    W_QK = torch.einsum("dhx,ehx->hde", W_Q, W_K)  # (H, d, d)
    tokens = np.array([layer.tokenizer.text(t) for t in range(models.V)], dtype=object)
    search = (W_QK, layer.W_E, layer.moments.token_mean, tokens)

    theirs = authors_search(*search).groupby("head")["score"].nlargest(20)
    error = abs(detok.affinity(layer, TOKEN)["score"].to_numpy() - theirs.to_numpy()).max()
    print(f"GPT-2 small's size, {torch.get_num_threads()} threads, float32; median times")
    print(f"largest difference of the 12 x 20 best scores   {error:10.1e}")
    functions = {
        "theirs": lambda: authors_search(*search),
        "ours": lambda: detok.affinity(layer, TOKEN),
        "search": lambda: affinity_scores(layer, TOKEN).topk(20, dim=1),
        "read": layer.K_E.sum,
    }
    for name, milliseconds in measure.on_a_server(functions, repeats=25).items():
        theirs, ours, search, read = milliseconds.values()
        print(name)
        print(f"  authors' approach                             {theirs:10.1f} ms")
        print(f"  detok.affinity: the 20 best in all heads      {ours:10.1f} ms")
        print(f"  reading the keys once                         {read:10.1f} ms")
        print(f"  authors' time over ours                       {theirs / ours:10.1f} x")
        print(f"  search without the data frame, over reading   {search / read:10.2f} x")
        print(f"  detok.affinity over reading                   {ours / read:10.2f} x")

    moments = measure.median_ms(lambda: Moments.of(layer.sigma), repeats=3)
    extra = measure.extra_mb(lambda: Moments.of(layer.sigma))
    whole = models.V * models.L * 4 / 1e6
    print(f"moments of sigma over V x L, once a model       {moments:10.0f} ms")
    print(f"  peak extra memory                             {extra:10.0f} MB")
    print(f"  the V x L matrix that it never holds          {whole:10.0f} MB")


if __name__ == "__main__":
    main()

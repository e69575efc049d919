"""One token affinity search over all heads, against the authors' approach and the memory's speed.

`python -m benchmarks.affinity` prints ratios that were measured in one run, at the size of GPT-2
small with random weights.
"""

import pandas as pd
import torch

import detok
from benchmarks import measure, models
from detok.model.layernorm import Moments, fold
from detok.scores.affinity import affinity_scores

TOKEN = 10_465


def authors_search(
    W_Q: torch.Tensor, W_K: torch.Tensor, W_E: torch.Tensor, sigma: torch.Tensor
) -> pd.DataFrame:
    """The authors' way: W^QK of each head, the whole embedding matrix, a data frame of all scores.

    `W_Q` and `W_K` are folded, (H, d, d'); `sigma` is averaged over positions, (V,).
    """
    frames = []
    for head in range(len(W_Q)):
        W_QK = W_Q[head] @ W_K[head].T  # (d, d)
        scores = W_E[TOKEN] @ W_QK @ W_E.T / (sigma[TOKEN] * sigma)  # (V,)
        frames.append(
            pd.DataFrame({"head": head, "token_id": range(len(W_E)), "score": scores.numpy()})
        )
    table = pd.concat(frames)
    table["rank"] = table.groupby("head")["score"].rank(ascending=False)
    return table.sort_values(["head", "score"], ascending=[True, False])


@torch.inference_mode()
def main() -> None:
    first = models.first_layer()
    layer = models.layer()
    W_Q, W_K = (
        fold(W, b, first.ln_1_weight, first.ln_1_bias)[0].unflatten(1, (models.H, -1))
        for W, b in ((first.W_Q, first.b_Q), (first.W_K, first.b_K))
    )  # (d, H, d')
    W_Q, W_K = (W.transpose(0, 1).contiguous() for W in (W_Q, W_K))  # (H, d, d')
    sigma = layer.moments.token_mean

    theirs_table = authors_search(W_Q, W_K, layer.W_E, sigma)
    ours_table = detok.affinity(layer, TOKEN)
    best = theirs_table[theirs_table["rank"] <= 20]["score"].to_numpy()
    error = abs(ours_table["score"].to_numpy() - best).max()

    fast = measure.medians_ms(
        {
            "ours": lambda: detok.affinity(layer, TOKEN),
            "search": lambda: affinity_scores(layer, TOKEN).topk(20, dim=1),
            "read": layer.K_E.sum,
        },
        repeats=50,
    )
    ours, search, read = fast.values()
    theirs = measure.median_ms(lambda: authors_search(W_Q, W_K, layer.W_E, sigma), repeats=5)
    megabytes = layer.K_E.nbytes / 1e6

    print(f"GPT-2 small's size, {torch.get_num_threads()} threads, float32; median times")
    print(f"largest difference of the 12 x 20 best scores   {error:10.1e}")
    print(f"authors' approach                               {theirs:10.1f} ms")
    print(f"search: the 20 best of all V, in all heads      {search:10.1f} ms")
    print(f"detok.affinity: the same as a data frame        {ours:10.1f} ms")
    print(f"reading the same {megabytes:.0f} MB once                   {read:10.1f} ms")
    print(f"authors' time over detok.affinity's             {theirs / ours:10.1f} x")
    print(f"search's time over reading the memory once      {search / read:10.2f} x")
    print(f"detok.affinity's over reading the memory once   {ours / read:10.2f} x")

    moments = measure.median_ms(lambda: Moments.of(layer.sigma), repeats=3)
    extra = measure.extra_mb(lambda: Moments.of(layer.sigma))
    whole = models.V * models.L * 4 / 1e6
    print(f"moments of sigma over V x L, once a model       {moments:10.0f} ms")
    print(f"  peak extra memory                             {extra:10.0f} MB")
    print(f"  the V x L matrix that it never holds          {whole:10.0f} MB")


if __name__ == "__main__":
    main()

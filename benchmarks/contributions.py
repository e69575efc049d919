"""Contributions of the six terms in a text of 1,024 tokens, against the authors' approach.

`python -m benchmarks.contributions` prints ratios that were measured in one run, at the size of
GPT-2 small with random weights.
"""

import torch

import detok
from benchmarks import measure, models
from detok.model.layer import Layer
from detok.model.layernorm import fold
from detok.scores.decomposition import TERMS
from detok.scores.reference import direct_error


def authors_contributions(layer: Layer, ids: torch.Tensor) -> torch.Tensor:
    """The authors' way: a d × d matrix a head, then a loop over head, position and term.

    With the temperature √d' and the divergence summed over j, as in the paper, so that the results
    can be compared; their script has neither, which takes about as long.
    """
    first, n = layer.first, len(ids)
    (W_Q, b_Q), (W_K, _) = (
        fold(W, b, first.ln_1_weight, first.ln_1_bias)
        for W, b in ((first.W_Q, first.b_Q), (first.W_K, first.b_K))
    )
    sigma = layer.sigma.pairs(ids, torch.arange(n))[:, None]  # (n, 1)
    e, p = first.W_E[ids] / sigma, first.W_pos[:n] / sigma  # (n, d)
    result = torch.zeros(len(TERMS), layer.n_heads, n)
    for head in range(layer.n_heads):
        columns = slice(head * layer.d_head, (head + 1) * layer.d_head)
        W_QK = W_Q[:, columns] @ W_K[:, columns].T  # (d, d)
        b_QK = b_Q[columns] @ W_K[:, columns].T  # (d,)
        parts = torch.stack(
            [
                e @ W_QK @ e.T,
                p @ W_QK @ p.T,
                e @ W_QK @ p.T,
                p @ W_QK @ e.T,
                (b_QK @ e.T).expand(n, n),
                (b_QK @ p.T).expand(n, n),
            ]
        )  # (6, n, n)
        parts /= layer.scale
        for i in range(n):
            scores = parts[:, i, : i + 1].sum(dim=0)  # (i + 1,)
            for t in range(len(TERMS)):
                log_p = scores.log_softmax(dim=0)
                log_q = (scores - parts[t, i, : i + 1]).log_softmax(dim=0)
                result[t, head, i] = (log_p.exp() * (log_p - log_q)).sum()
    return result


@torch.inference_mode()
def main() -> None:
    layer = models.layer()
    ids = torch.randint(models.V, (models.L,), generator=torch.Generator().manual_seed(0))
    difference = (detok.contributions(layer, ids) - authors_contributions(layer, ids)).abs().max()
    print(f"GPT-2 small's size, {models.L} tokens, all heads, {torch.get_num_threads()} threads")
    print(f"largest difference of the contributions         {difference:10.1e} nats")
    functions = {
        "theirs": lambda: authors_contributions(layer, ids),
        "ours": lambda: detok.contributions(layer, ids),
        "check": lambda: direct_error(layer, ids),
    }
    for name, milliseconds in measure.on_a_server(functions, repeats=3).items():
        theirs, ours, check = (ms / 1000 for ms in milliseconds.values())
        print(name)
        print(f"  authors' approach                             {theirs:10.1f} s")
        print(f"  detok.contributions                           {ours:10.2f} s")
        print(f"  authors' time over ours                       {theirs / ours:10.1f} x")
        print(f"  the check in float64, shown beside them       {check:10.2f} s")
    extra = measure.extra_mb(lambda: detok.contributions(layer, ids))
    print(f"extra memory of detok.contributions             {extra:10.0f} MB")


if __name__ == "__main__":
    main()

"""The moments of σ and the positional bias, against materialising the V × L matrix of σ.

`python -m benchmarks.positions` prints ratios that were measured in one run, at the size of GPT-2
small with random weights, and how long a page waits for a new position.
"""

import statistics
import time
from collections.abc import Callable

import torch

import detok
from benchmarks import measure, models
from detok.model.layer import Layer
from detok.model.layernorm import Moments, Sigma
from detok.scores.positions import position_summary

POSITION = 500  # the paper's example
N_TEXTS = 120


def direct_sigma(sigma: Sigma) -> torch.Tensor:
    """σ of every token at every position, (V, L), all in memory."""
    cov = sigma.W_E @ sigma.W_pos_centred.T / sigma.W_E.shape[1]
    variance = sigma.var_e[:, None] + sigma.var_p[None] + 2 * cov
    return (variance.clamp(min=0) + sigma.eps).sqrt()


def direct_moments(matrix: torch.Tensor) -> Moments:
    """The averages of a σ matrix that is in memory."""
    inverse = 1 / matrix
    return Moments(
        token_mean=matrix.mean(dim=1),
        position_mean=matrix.mean(dim=0),
        position_min=matrix.amin(dim=0),
        position_max=matrix.amax(dim=0),
        inverse_mean=inverse.mean(dim=0),
        inverse_std=inverse.std(dim=0, correction=0),
    )


def direct_bias(layer: Layer, matrix: torch.Tensor, i: int) -> list[torch.Tensor]:
    """T^p and T^pp with their bands, and T^pp at two more σ_i, from all V × L values, head by head.

    Each of the ten is (H, L), in the order of the fields of `PositionBias`.
    """
    sigma_i = matrix[:, i]
    rows = []
    for head in range(layer.n_heads):
        raw_p = layer.K_pos[head] @ layer.b_Q[head]  # (L,)
        raw_pp = layer.K_pos[head] @ layer.Q_pos[head, i]  # (L,)
        p = raw_p / matrix  # (V, L)
        at_mean = raw_pp / matrix / sigma_i.mean()  # (V, L)
        band = [
            statistic
            for term in (p, at_mean)
            for statistic in (
                *(term.mean(dim=0), term.std(dim=0, correction=0)),
                *(term.amin(dim=0), term.amax(dim=0)),
            )
        ]
        pp = (raw_pp / matrix).mean(dim=0)  # (L,)
        rows.append(band + [pp / s for s in (sigma_i.min(), sigma_i.max())])
    return [torch.stack(parts) for parts in zip(*rows, strict=True)]


def compare(layer: Layer) -> tuple[float, float]:
    """How far our terms are from the direct ones, and how long those take in milliseconds."""
    matrix = direct_sigma(layer.sigma)
    start = time.perf_counter()
    expected = direct_bias(layer, matrix, POSITION)
    elapsed = 1000 * (time.perf_counter() - start)
    bias = detok.position_bias(layer, POSITION)
    found = [bias.p, bias.p_std, bias.p_min, bias.p_max]
    found += [bias.pp, bias.pp_std, bias.pp_min, bias.pp_max]
    found += [bias.pp_sigma_min, bias.pp_sigma_max]
    pairs = zip(found, expected, strict=True)
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs), elapsed


def percentiles(function: Callable[[int], object], repeats: int) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds, of calls with ever new positions."""
    times = []
    for n in range(repeats):
        start = time.perf_counter()
        function(POSITION + n)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


@torch.inference_mode()
def main() -> None:
    layer = models.layer()

    def ours() -> None:
        Moments.of(layer.sigma)
        detok.position_bias(layer, POSITION)

    def theirs() -> None:
        matrix = direct_sigma(layer.sigma)
        direct_moments(matrix)
        direct_bias(layer, matrix, POSITION)

    bias_ms = measure.median_ms(lambda: detok.position_bias(layer, POSITION), 30)
    error, direct_bias_ms = compare(layer)
    moments_ms = measure.median_ms(lambda: Moments.of(layer.sigma), 3)
    direct_moments_ms = measure.median_ms(lambda: direct_moments(direct_sigma(layer.sigma)), 3)
    extra, direct_extra = measure.extra_mb(ours), measure.extra_mb(theirs)

    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(models.V, (N_TEXTS, models.L), generator=generator).tolist()
    bias_50, bias_95 = percentiles(lambda i: position_summary(layer, i), 40)
    mean_50, mean_95 = percentiles(lambda i: detok.mean_attention(layer, ids, i), 20)
    statistics_ms = measure.median_ms(lambda: detok.layernorm_stats(layer), 3)

    both, direct_both = moments_ms + bias_ms, direct_moments_ms + direct_bias_ms
    print(f"GPT-2 small's size, {torch.get_num_threads()} threads, float32")
    print(f"largest difference, relative to the largest value  {error:10.1e}")
    print(f"{'':44}{'detok':>12}{'direct':>12}{'ratio':>10}")
    for name, a, b, unit in [
        ("moments of sigma, once a model", moments_ms, direct_moments_ms, "ms"),
        ("position_bias, all heads", bias_ms, direct_bias_ms, "ms"),
        ("both", both, direct_both, "ms"),
        ("peak extra memory of both", extra, direct_extra, "MB"),
    ]:
        print(f"{name:44}{a:9.1f} {unit}{b:9.1f} {unit}{b / a:9.1f}x")
    print("a new position i: median and 95th percentile")
    print(f"  position_bias and its summary, all heads  {bias_50:9.1f} ms{bias_95:9.1f} ms")
    print(f"  mean_attention over {N_TEXTS} texts            {mean_50:9.1f} ms{mean_95:9.1f} ms")
    print(f"layernorm_stats, once a model               {statistics_ms:9.1f} ms")


if __name__ == "__main__":
    main()

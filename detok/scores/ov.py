"""What the heads of the first layer pass on, from weights alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.hub import entries
from detok.model.inputs import check_amount, check_heads
from detok.model.layer import Layer
from detok.model.layernorm import BLOCK, centre, fold


@dataclass(frozen=True, eq=False, repr=False)
class OvReadings(Displayed, then=("readings.tokens(token, head)",)):
    """How the first layer's heads copy, and which logits they raise on the direct path.

    A head that attends to token j writes (e_j/σ_j) W'_V W_O into the residual stream, ln_1 folded
    into W'_V; the direct path reads it by ln_f's weight and W_U, past all that comes between.
    Numbers are up to positive factors, 1/σ of either LayerNorm, which depend on the text and change
    neither a sign nor an order. The value's bias, which is written whatever j is, is left out, and
    so are rows of the embedding without a token.
    """

    layer: Layer
    copying: torch.Tensor  # (H,), share of tokens that raise their own logit
    positive: torch.Tensor  # (H,), share of the d' eigenvalues of W_E W_OV W_U with real part > 0
    with_token: torch.Tensor  # (tokens,), ids of the tokens

    def tokens(
        self, token: int | str, head: int, k: int = 10
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """The k tokens whose logits a head raises most, and least, when it attends to a token.

        By id with the change of the logit, but for positive factors; the most raised, and the most
        lowered, first.

        Raises: InputError for a token or head that there is not, or k below 1.
        """
        check_amount("k", k)
        change = logit_changes(self.layer, token, [head])[0]  # (tokens,)

        def first(largest: bool) -> list[tuple[int, float]]:
            best = change.topk(min(k, len(change)), largest=largest)
            ids = self.with_token[best.indices]
            return list(zip(ids.tolist(), best.values.tolist(), strict=True))

        return first(True), first(False)


@dataclass(frozen=True, eq=False)
class _Path:
    """From embeddings to logits through some heads, in the type and on the device of a layer."""

    W_V: torch.Tensor  # (heads, d, d'), folded W'_V
    W_O: torch.Tensor  # (heads, d', d)
    ln_f_weight: torch.Tensor  # (d,)
    W_U: torch.Tensor  # (V, d), in its own type


def why_not(layer: Layer) -> str:
    """Why it cannot be said what the heads of a layer pass on, in a sentence; empty if it can."""
    first, name = layer.first, layer.name
    if first.undefined:
        return (
            f"what the heads of {name!r} pass on cannot be read from its weights: {first.undefined}"
            "; expected a model whose layers add to one sum, of which a LayerNorm and the "
            "unembedding make the logits"
        )
    if any(each is None for each in (first.W_V, first.W_O, first.ln_f_weight)):
        mend = (
            f"an older detok left them out; detok.fetch({name!r}, {layer.source.revision!r}) "
            "brings those that the hub has"
            if was_fetched(layer)
            else "expected them in its files"
        )
        return (
            f"the checkpoint of {name!r} on this machine lacks the weights of what its heads write "
            f"(values, output, last LayerNorm): {mend}"
        )
    if not first.is_tied and first.W_U is None:
        return (
            f"the logits of {name!r} are made with a matrix of their own, as large as its "
            f"embeddings, which is not fetched with the first layer; expected a folder with its "
            "whole checkpoint"
        )
    return ""


def was_fetched(layer: Layer) -> bool:
    """Whether a layer is of what detok fetched of the hub, and not of a whole checkpoint."""
    return layer.source.revision is not None and entries.read(layer.source.folder) is not None


def _path(layer: Layer, heads: list[int]) -> _Path:
    if reason := why_not(layer):
        raise InputError(reason)
    first, like, H = layer.first, layer.Q_E, layer.n_heads
    W = first.W_V.double().unflatten(1, (H, -1))[:, heads].flatten(1)  # (d, heads·d')
    W_V, _ = fold(W, W.new_zeros(W.shape[1]), first.ln_1_weight.double(), first.ln_1_bias.double())
    W_V = W_V.unflatten(1, (len(heads), -1)).transpose(0, 1)  # (heads, d, d')
    return _Path(
        W_V=W_V.to(like.dtype).to(like.device),
        W_O=first.W_O.unflatten(0, (H, -1))[heads].to(like),
        ln_f_weight=first.ln_f_weight.to(like),
        W_U=layer.W_E if first.W_U is None else first.W_U.to(like.device),
    )


def with_token(layer: Layer) -> torch.Tensor:
    """The ids that stand for a token, (tokens,)."""
    return torch.arange(layer.vocab_size, device=layer.device)[layer.with_token]


@torch.inference_mode()
def logit_changes(
    layer: Layer, token: int | str, heads: Sequence[int] | int | None = None
) -> torch.Tensor:
    """By how much heads change all logits if they attend to a token, (heads, tokens).

    In the order of `with_token`, and but for positive factors, as `OvReadings` explains.

    Raises: InputError for a token or head that there is not, and as `ov_readings`.
    """
    path, token_id = _path(layer, check_heads(layer, heads)), layer.token_id(token)
    e = centre(layer.W_E[token_id].to(path.W_V.dtype))  # (d,)
    written = (e @ path.W_V)[:, None] @ path.W_O  # (heads, 1, d)
    read = centre(written[:, 0]) * path.ln_f_weight  # (heads, d)
    # W_U may be in half precision, of which there is to be no wider copy.
    logits = [read @ u.to(read.dtype).T for u in path.W_U.split(BLOCK)]
    return torch.cat(logits, dim=1)[:, layer.with_token]


@torch.inference_mode()
def ov_readings(layer: Layer, *, progress: Callable[[int, int], None] | None = None) -> OvReadings:
    """What the first layer's heads do with a token they attend to, from weights alone.

    `progress` is called with the tokens that are done, and all of them.

    Raises: InputError for a model whose heads write nothing that its logits read directly, or of
    which these weights are not here.
    """
    path, kept, H = _path(layer, list(range(layer.n_heads))), with_token(layer), layer.n_heads
    W_V, W_O = path.W_V.transpose(0, 1).flatten(1), path.W_O.flatten(0, 1)  # (d, d), (d, d)
    raises = torch.zeros(H, dtype=torch.long, device=layer.device)
    product = torch.zeros_like(W_V)  # (d, d), Σ_t u'_tᵀ e_t
    done = 0
    for ids in kept.split(BLOCK):
        e = centre(layer.W_E[ids].to(W_V.dtype))  # (block, d)
        u = centre(path.W_U[ids].to(W_V.dtype) * path.ln_f_weight)  # (block, d)
        own = ((e @ W_V) * (u @ W_O.T)).unflatten(1, (H, -1)).sum(dim=2)  # (block, H), of itself
        raises += (own > 0).sum(dim=0)
        product += u.T @ e
        done += len(ids)
        if progress is not None:
            progress(done, len(kept))
    # The eigenvalues of the (V, V) matrix that are not 0 are those of its factors the other way.
    eigenvalues = torch.linalg.eigvals((path.W_O @ product @ path.W_V).cpu().double())  # (H, d')
    return OvReadings(
        layer=layer,
        copying=raises.cpu().double() / len(kept),
        positive=(eigenvalues.real > 0).double().mean(dim=1),
        with_token=kept,
    )

"""What the heads of the first layer pass on, from weights alone."""

from dataclasses import dataclass

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.inputs import check_index
from detok.model.layernorm import BLOCK, fold
from detok.whole.model import Model


@dataclass(frozen=True, eq=False, repr=False)
class OvReadings(Displayed, then=("readings.tokens(token, head)",)):
    """How the first layer's heads copy, and which logits they raise on the direct path.

    A head that attends to token j writes (e_j/σ_j) W'_V W_O into the residual stream, ln_1 folded
    into W'_V; the direct path reads it by ln_f's weight and W_U, past all later layers. Numbers are
    up to positive factors, 1/σ of either LayerNorm, which depend on the text and change neither a
    sign nor an order. The value's bias, which is written whatever j is, is left out, and so are
    rows of the embedding without a token.
    """

    model: Model
    copying: torch.Tensor  # (H,), share of tokens that raise their own logit
    positive: torch.Tensor  # (H,), share of the d' eigenvalues of W_E W_OV W_U with real part > 0
    with_token: torch.Tensor  # (tokens,), ids of the tokens
    W_V: torch.Tensor  # (H, d, d'), folded W'_V
    W_O: torch.Tensor  # (H, d', d)
    W_read: torch.Tensor  # (V, d), W_U with ln_f's weight and centring: u' with logits v · u'

    @torch.inference_mode()
    def tokens(
        self, token: int | str, head: int, k: int = 10
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """The k tokens whose logits a head raises most, and least, when it attends to a token.

        By id with the change of the logit, but for positive factors; the most raised, and the most
        lowered, first.

        Raises: InputError for a token or head that there is not, or k below 1.
        """
        check_index("head", head, len(self.copying), "H")
        if k < 1:
            raise InputError(f"k is {k}; expected at least 1")
        e = self.model.W_E[self.model.token_id(token)]  # (d,)
        change = (self.W_read @ (e @ self.W_V[head] @ self.W_O[head]))[self.with_token]

        def first(largest: bool) -> list[tuple[int, float]]:
            best = change.topk(min(k, len(change)), largest=largest)
            ids = self.with_token[best.indices]
            return list(zip(ids.tolist(), best.values.tolist(), strict=True))

        return first(True), first(False)


@torch.inference_mode()
def ov_readings(model: Model) -> OvReadings:
    """What the first layer's heads do with a token they attend to, from weights alone.

    It takes a `Model`, as a `Layer` has neither the value and output projections nor ln_f.
    """
    block, ln_f = model.blocks[0], model.network.transformer.ln_f
    W, b = block.attn.c_attn.weight.chunk(3, dim=1)[2], block.attn.c_attn.bias.chunk(3)[2]
    W_V, _ = fold(W, b, block.ln_1.weight, block.ln_1.bias)  # (d, d), the heads side by side
    W_V = W_V.unflatten(1, (model.n_heads, -1)).transpose(0, 1)  # (H, d, d')
    W_O = block.attn.c_proj.weight.unflatten(0, (model.n_heads, -1))  # (H, d', d)
    scaled = model.W_U * ln_f.weight  # (V, d)
    W_read = scaled - scaled.mean(dim=1, keepdim=True)  # (V, d)
    with_token = _with_token(model)
    raises = torch.zeros(model.n_heads, dtype=torch.long, device=model.device)
    product = torch.zeros_like(W)  # (d, d), Σ_t u'_tᵀ e_t
    for ids in with_token.split(BLOCK):
        e, u = model.W_E[ids], W_read[ids]  # (block, d)
        own = ((e @ W_V) * (u @ W_O.mT)).sum(dim=2)  # (H, block), what a token does to itself
        raises += (own > 0).sum(dim=1)
        product += u.T @ e
    # The eigenvalues of the (V, V) matrix that are not 0 are those of its factors the other way.
    eigenvalues = torch.linalg.eigvals((W_O @ product @ W_V).cpu().double())  # (H, d')
    return OvReadings(
        model=model,
        copying=raises.cpu().double() / len(with_token),
        positive=(eigenvalues.real > 0).double().mean(dim=1),
        with_token=with_token,
        W_V=W_V,
        W_O=W_O,
        W_read=W_read,
    )


def _with_token(model: Model) -> torch.Tensor:
    """The ids that stand for a token."""
    n = min(model.vocab_size, model.tokenizer.n_ids)
    missing = set(model.tokenizer.missing)
    return torch.tensor([t for t in range(n) if t not in missing], device=model.device)

"""What a model would attend to if each segment of its prompt saw itself as a whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.whole.forward import Changes, forward, next_token
from detok.whole.run import Run


@dataclass(frozen=True, eq=False, repr=False)
class SegmentAttention(Displayed, also=("difference",)):
    """Attention weights of a text under a mask by segments, and what would follow the text.

    Counterfactual, unless the model was trained with this mask: GPT-2 was not. Log-probabilities
    are natural.
    """

    lengths: tuple[int, ...]  # tokens of each segment of the prompt; the answer is what is left
    visible: torch.Tensor  # (n, n), True where i sees j
    attention: torch.Tensor  # (B, H, n, n), rows sum to 1
    causal: torch.Tensor  # (B, H, n, n), of the run
    log_probs: torch.Tensor  # (V,), of the token after the text
    causal_log_probs: torch.Tensor  # (V,), of the run

    @property
    def difference(self) -> torch.Tensor:
        """What each pair gains, (B, H, n, n); rows sum to 0."""
        return self.attention - self.causal


def visible_by_segments(lengths: Sequence[int], n: int) -> torch.Tensor:
    """What each token sees, (n, n): all before it, itself, and the rest of its own segment.

    `lengths` are the tokens of each segment of the prompt, which begins the text; what is left of
    the n tokens is the answer, and causal.

    Raises: InputError for a segment of nothing, or segments longer than the text.
    """
    if not all(isinstance(length, Integral) and length >= 1 for length in lengths):
        raise InputError(
            f"segments have {', '.join(map(str, lengths))} tokens; expected a whole number in "
            "each, at least 1"
        )
    if sum(lengths) > n:
        raise InputError(
            f"segments have {sum(lengths)} tokens together; expected at most n = {n}, those of "
            "the text"
        )
    of = torch.arange(n) + len(lengths)  # every token of the answer is a segment of its own
    at = 0
    for number, length in enumerate(lengths):
        of[at : at + length] = number
        at += length
    return of[:, None] >= of


@torch.inference_mode()
def segment_attention(run: Run, lengths: Sequence[int]) -> SegmentAttention:
    """Attention in all layers and heads if tokens of a segment of the prompt see all of it.

    `lengths` are those of `visible_by_segments`: segments of one token each are causal attention,
    one segment over everything is attention both ways. Later segments are never seen. From
    "Segment-Based Attention Masking for GPTs" (Katz, Ringel, Romano and Wolf).

    Raises: InputError for a segment of nothing, or segments longer than the text.
    """
    if not isinstance(lengths, Iterable):
        raise InputError(f"lengths are {lengths!r}; expected the tokens of each segment")
    lengths = tuple(lengths)
    visible = visible_by_segments(lengths, run.n).to(run.ids.device)
    blocks = list(forward(run.model, run.hidden[0], Changes(visible=visible)))
    return SegmentAttention(
        lengths=lengths,
        visible=visible,
        attention=torch.stack([block.attention for block in blocks]),
        causal=run.attention,
        log_probs=next_token(run.model, blocks[-1].after),
        causal_log_probs=run.log_probs,
    )

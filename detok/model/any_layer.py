"""What may be asked of a first attention layer, however it treats positions."""

from typing import Any, Protocol

import torch

from detok.errors import InputError
from detok.model.families.family import First
from detok.model.source import Source
from detok.model.vocabulary import Vocabulary


class AnyLayer(Protocol):
    """A first attention layer, from which its scores and attention follow.

    `Layer` adds learned positions to the tokens, `RotaryLayer` turns queries and keys by theirs.
    What is written against this protocol serves both; what a kind of layer has beside it, such as
    `Layer.W_pos`, only its own mathematics may use.
    """

    source: Source
    tokenizer: Vocabulary
    first: First  # as in the checkpoint, in its own type, on the CPU; V rows of tokens
    n_rows: int  # of the checkpoint's embeddings, of which those without a token are left out
    holes: torch.Tensor  # (holes,), ids below V that no token has; rankings and averages omit them
    n_heads: int
    W_E: torch.Tensor  # (V, d)

    @property
    def term_names(self) -> tuple[str, ...]:
        """The terms that its scores are the sum of."""

    @property
    def d_head(self) -> int:
        """d', the width of a head."""

    @property
    def dtype(self) -> torch.dtype:
        """The type that it computes in; `W_E` may be of a narrower one."""

    def n_visible(self, i: int) -> int:
        """How many positions, from 0 on, a text needs to hold all that the token at i sees."""

    def first_visible(self, i: int) -> int:
        """The first position that the token at i sees: 0, unless a window hides it."""
        return 0

    def score_bound(self) -> float:
        """What no score or term can exceed, unscaled; ∞ or NaN where their parts may not fit.

        Cheap, and far from the largest score.
        """

    def mean_query(self, weights: torch.Tensor) -> torch.Tensor:
        """The mean of all tokens' queries by weights (V,) that sum to 1, (H, d'), unscaled.

        Without b'^Q; with learned positions σ of a token is its mean over all of them.
        """

    def neighbour_queries(self, head: int, ids: torch.Tensor) -> torch.Tensor:
        """What meets `neighbour_keys` in T^ee of R tokens i, each right after its past token.

        (R, d'), unscaled. With learned positions σ of a token is its mean over all of them.
        """

    def at_neighbour(self, queries: torch.Tensor) -> torch.Tensor:
        """Queries (…, d') such as `mean_query` as they meet `neighbour_keys`."""

    def neighbour_keys(self, head: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Of every past token, (V, d'), and what its scores are to be divided by, (V,) or ()."""

    @property
    def name(self) -> str:
        """The model's id as it was asked for."""
        return self.source.model_id

    @property
    def n_layers(self) -> int:
        """The layers of the whole model."""
        return self.first.n_layers

    @property
    def n_positions(self) -> int:
        """The tokens of the longest text."""
        return self.first.n_positions

    @property
    def vocab_size(self) -> int:
        return self.W_E.shape[0]

    @property
    def d_model(self) -> int:
        return self.W_E.shape[1]

    @property
    def device(self) -> torch.device:
        return self.W_E.device

    @property
    def scale(self) -> float:
        """What softmax divides scores by: √d' in most families, 1 where it divides by nothing."""
        return self.first.scale

    @property
    def soft_cap(self) -> float | None:
        """c, where softmax takes c · tanh(s / c) of a scaled score s."""
        return None

    @property
    def window(self) -> int | None:
        """The last so many tokens, itself among them, that a token sees of those before it."""
        return None

    @property
    def is_causal(self) -> bool:
        """Whether a token sees only itself and those before it."""
        return self.first.is_causal

    @property
    def n_without_token(self) -> int:
        """Rows of the checkpoint's embeddings without a token, as in a padded vocabulary."""
        return self.n_rows - self.vocab_size + len(self.holes)

    @property
    def with_token(self) -> slice | torch.Tensor:
        """An index of the rows that stand for a token: all V, unless there are holes."""
        if not len(self.holes):
            return slice(None)
        ids = torch.ones(self.vocab_size, dtype=torch.bool, device=self.device)
        ids[self.holes] = False
        return ids.nonzero()[:, 0]

    @property
    def n_bytes(self) -> int:
        """What the tensors of this layer hold in memory, on whichever device they are."""
        stores = {t.untyped_storage().data_ptr(): t.untyped_storage() for t in _tensors(self)}
        return sum(store.nbytes() for store in stores.values())

    def _parts(self) -> dict[str, Any]:
        """What a layer of any kind shows of itself."""
        first = self.tokenizer.first_token
        return {
            "model": self.name,
            "commit": self.source.revision or "none",
            "heads H, of width d'": f"{self.n_heads} of {self.d_head}",
            "width d": self.d_model,
            "positions L": self.n_positions,
            "tokens V": self.vocab_size,
            "first token of texts": "none" if first is None else self.tokenizer.show(first),
            "softmax divides scores by": self.scale,
            "tensors": f"{self.dtype}, {self.device}, {self.n_bytes / 1e6:,.0f} MB",
        }

    def token_id(self, token: int | str) -> int:
        """The id of a token given as its id or its exact text.

        Raises: InputError if it is not exactly one token of this model.
        """
        return checked_id(self.tokenizer, token, self.vocab_size)


def checked_id(tokenizer: Vocabulary, token: int | str, vocab_size: int) -> int:
    """The id of a token of a model with V embeddings, given as its id or its exact text.

    Raises: InputError if it is not exactly one token of the model.
    """
    token_id = tokenizer.id_of(token)
    if not 0 <= token_id < vocab_size:
        raise InputError(f"token id {token_id} is out of range; expected 0 ≤ id < V = {vocab_size}")
    return token_id


def embeddings(
    first: First, tokenizer: Vocabulary, device: torch.device, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """W_E of the ids that the tokenizer knows, (V, d), and the `holes` among them, on the CPU."""
    kept = first.W_E[: tokenizer.n_ids]
    holes = torch.tensor([t for t in tokenizer.missing if t < len(kept)], dtype=torch.long)
    # Half precision stays as it is: a wider copy would double it, and hold no more digits.
    narrow = kept.dtype in (torch.float16, torch.bfloat16) and dtype == torch.float32
    return kept.to(device) if narrow else kept.to(device, dtype), holes


def _tensors(part: object) -> list[torch.Tensor]:
    """Those of an object of detok, and of the objects that it holds."""
    if isinstance(part, torch.Tensor):
        return [part]
    if not type(part).__module__.startswith("detok.model"):
        return []
    return [tensor for value in vars(part).values() for tensor in _tensors(value)]

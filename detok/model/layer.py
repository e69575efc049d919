"""The first attention layer, folded and projected: what every computation of detok starts from."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from detok.display import Displayed
from detok.errors import CheckpointError, InputError
from detok.model import memory
from detok.model.any_layer import AnyLayer, embeddings
from detok.model.checkpoint import read_first_layer
from detok.model.families.family import FirstLayer, RotaryFirst
from detok.model.files import read_config
from detok.model.hub.ranges import Progress
from detok.model.layernorm import Moments, Sigma, fold
from detok.model.projection import largest
from detok.model.rotary_layer import RotaryLayer, fold_rotary
from detok.model.source import Source, locate
from detok.model.vocabulary import Vocabulary

TERMS = ("ee", "pp", "ep", "pe", "e", "p")


@dataclass(frozen=True, eq=False, repr=False)
class Layer(
    AnyLayer,
    Displayed,
    then=(
        "detok.affinity(layer, token)",
        "detok.terms(layer, ids)",
        "detok.position_bias(layer, i)",
    ),
):
    """A first attention layer, with LayerNorm folded in and the embeddings projected per head.

    Keeping the projections of all tokens (`Q_E`, `K_E`) instead of W^QK makes every score one dot
    product of width d', so that a search reads each number of the vocabulary once.
    """

    source: Source
    tokenizer: Vocabulary
    first: FirstLayer
    n_rows: int
    holes: torch.Tensor  # (holes,)
    n_heads: int
    W_E: torch.Tensor  # (V, d)
    W_pos: torch.Tensor  # (L, d)
    Q_E: torch.Tensor  # (H, V, d'), W_E W'^Q
    K_E: torch.Tensor  # (H, V, d'), W_E W'^K
    Q_pos: torch.Tensor  # (H, L, d'), W_pos W'^Q
    K_pos: torch.Tensor  # (H, L, d'), W_pos W'^K
    W_K: torch.Tensor  # (d, d), folded W'^K, the heads side by side
    b_Q: torch.Tensor  # (H, d'), folded b'^Q; b'^K never matters
    sigma: Sigma
    moments: Moments

    def __repr__(self) -> str:
        return (
            f"Layer({self.name!r}, H={self.n_heads}, d={self.d_model}, L={self.n_positions}, "
            f"V={self.vocab_size}, {self.Q_E.dtype}, device={str(self.device)!r})"
        )

    def _parts(self) -> dict[str, Any]:
        seen = "itself and what is before it" if self.is_causal else "all tokens"
        return {**super()._parts(), "i attends to": seen}

    @property
    def term_names(self) -> tuple[str, ...]:
        return TERMS

    @property
    def d_head(self) -> int:
        return self.Q_E.shape[2]

    @property
    def dtype(self) -> torch.dtype:
        return self.Q_E.dtype

    def n_visible(self, i: int) -> int:
        """How many positions the token at position i sees in a text that fills all of them."""
        return i + 1 if self.is_causal else self.n_positions

    def score_bound(self) -> float:
        queries = max(map(largest, (self.Q_E, self.Q_pos, self.b_Q)))
        keys = max(map(largest, (self.K_E, self.K_pos)))
        sigma = self.moments.position_max.max().item()
        # Of a sum of four such products. Not the other way round: NaN is no less than anything.
        return 4 * self.d_head * queries * keys if sigma < math.inf else math.inf

    def mean_query(self, weights: torch.Tensor) -> torch.Tensor:
        share = (weights / self.moments.token_mean).to(self.Q_E.dtype)  # (V,)
        return (self.Q_E.mT @ share[:, None])[:, :, 0]  # (H, d')

    def at_neighbour(self, queries: torch.Tensor) -> torch.Tensor:
        return queries

    def neighbour_queries(self, head: int, ids: torch.Tensor) -> torch.Tensor:
        return self.Q_E[head, ids] / self.moments.token_mean[ids, None]  # (R, d')

    def neighbour_keys(self, head: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.K_E[head], self.moments.token_mean


def fold_layer(
    first: FirstLayer,
    tokenizer: Vocabulary,
    source: Source,
    device: torch.device,
    dtype: torch.dtype,
) -> Layer:
    """Folds LayerNorm (in float64), projects all tokens and positions, computes the moments."""
    H, n_rows = first.n_heads, len(first.W_E)
    W_U = None if first.W_U is None else first.W_U[: tokenizer.n_ids]
    first = replace(first, W_E=first.W_E[: tokenizer.n_ids], W_U=W_U)
    W_E, holes = embeddings(first, tokenizer, device, dtype)  # (V, d), (holes,)
    W_pos = first.W_pos.to(device, dtype)  # (L, d)
    sigma = Sigma.of(W_E, W_pos, first.ln_1_eps)

    def per_head(embeddings: Iterable[torch.Tensor], n: int, W: torch.Tensor) -> torch.Tensor:
        """Projects blocks of n centred embeddings: W' centres too, but a large mean costs digits.

        The rows lie last in memory: a search is then a sum of H·d' vectors of length V, which runs
        at the speed of memory, where V dot products of length d' take twice as long.
        """
        projected = torch.empty(W.shape[1], n, dtype=dtype, device=device)  # (d, n)
        start = 0
        for block in embeddings:
            projected[:, start : start + len(block)] = (block @ W).T
            start += len(block)
        return projected.unflatten(0, (H, -1)).mT  # (H, n, d')

    def folded(W: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        W, b = fold(W.double(), b.double(), first.ln_1_weight.double(), first.ln_1_bias.double())
        return W.to(dtype).to(device), b.to(dtype).to(device)

    W_Q, b_Q = folded(first.W_Q, first.b_Q)
    W_K, _ = folded(first.W_K, first.b_K)
    return Layer(
        source=source,
        tokenizer=tokenizer,
        first=first,
        n_rows=n_rows,
        holes=holes.to(device),
        n_heads=H,
        W_E=W_E,
        W_pos=W_pos,
        Q_E=per_head(sigma.centred_blocks(), len(W_E), W_Q),
        K_E=per_head(sigma.centred_blocks(), len(W_E), W_K),
        Q_pos=per_head([sigma.W_pos_centred], len(W_pos), W_Q),
        K_pos=per_head([sigma.W_pos_centred], len(W_pos), W_K),
        W_K=W_K,
        b_Q=b_Q.unflatten(0, (H, -1)),  # (H, d')
        sigma=sigma,
        moments=Moments.of(sigma, holes),
    )


def pick_device(device: str | torch.device) -> torch.device:
    """The device by name; "auto" takes CUDA, else MPS, else the CPU.

    Raises: InputError if the name is none that PyTorch knows, or that device is not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"the device {str(device)!r} is not available here; expected 'auto', 'cpu', or a GPU "
            "that PyTorch sees"
        ) from error


def check_dtype(dtype: torch.dtype) -> None:
    """Raises: InputError for a type that detok does not compute in."""
    if dtype not in (torch.float32, torch.float64):
        raise InputError(f"dtype is {dtype}; expected torch.float32 or torch.float64")


@torch.inference_mode()
def load(
    model: str | Path,
    *,
    device: str | torch.device = "auto",
    dtype: torch.dtype = torch.float32,
    revision: str | None = None,
    progress: Progress | None = None,
) -> Layer | RotaryLayer:
    """Loads the first attention layer of a model, ready for every question that detok answers.

    `model` is "mini" (bundled), a hub id such as "gpt2" (whose first layer is fetched once, with
    the `progress` of `fetch`), a local checkpoint folder, or a .safetensors file beside its
    config.json. Only the first layer's tensors are read, and with learned positions those before
    the logits: the weight of the last LayerNorm, and an unembedding of its own where there is one
    here. On the device stay the token embeddings (V, d), in half precision where the checkpoint is,
    and in `dtype` their projections: with learned positions (a `Layer`) to queries and keys, with
    rotary ones (a `RotaryLayer`) to keys, once a key head.

    Raises: CheckpointError (an InputError and ValueError) if there is no such checkpoint, it is
    damaged or its architecture unsupported; NotDownloadable if the hub does not give it; InputError
    if it needs more memory than there is.
    """
    check_dtype(dtype)
    chosen = pick_device(device)
    source = locate(str(model), revision, progress=progress)
    memory.check(read_config(source.folder), chosen, dtype)
    with memory.explaining(chosen):
        first = read_first_layer(source.folder, source.weights)
        tokenizer = Vocabulary.from_folder(source.folder)
        if isinstance(first, RotaryFirst):
            layer = fold_rotary(first, tokenizer, source, chosen, dtype)
        else:
            layer = fold_layer(first, tokenizer, source, chosen, dtype)
        bound = layer.score_bound()
    # Not the other way round: NaN is no less than anything.
    if not bound < torch.finfo(layer.dtype).max:
        raise CheckpointError(
            f"the weights of {layer.name} are so large that scores overflow {layer.dtype}; "
            "expected smaller ones"
        )
    return layer

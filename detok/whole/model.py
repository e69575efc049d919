"""A whole model beside its first layer: what `detok.run` takes texts through."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from detok.display import Displayed
from detok.model import memory
from detok.model.any_layer import checked_id
from detok.model.files import read_config
from detok.model.inputs import check_text
from detok.model.layer import check_dtype, pick_device
from detok.model.source import Source, locate_whole
from detok.model.vocabulary import Vocabulary
from detok.whole.checkpoint import needed, read_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import GPT2LMHeadModel


@dataclass(frozen=True, eq=False, repr=False)
class Model(Displayed, then=("detok.run(model, ids)",)):
    """All layers of a GPT-2, which no computation changes.

    `network` is the model as `transformers` has it. detok calls its parts one after the other and
    hooks nothing onto them, so that several threads may use one model at a time; `transformers`
    itself leaves hooks behind where it is asked for attentions.
    """

    source: Source
    tokenizer: Vocabulary
    network: "GPT2LMHeadModel"

    def __repr__(self) -> str:
        return (
            f"Model({self.name!r}, B={self.n_layers}, H={self.n_heads}, d={self.d_model}, "
            f"L={self.n_positions}, V={self.vocab_size}, {self.dtype}, "
            f"device={str(self.device)!r})"
        )

    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.name,
            "commit": self.source.revision or "none",
            "layers B": self.n_layers,
            "heads H of each, of width d'": f"{self.n_heads} of {self.d_head}",
            "width d": self.d_model,
            "neurons m of each MLP": self.n_neurons,
            "positions L": self.n_positions,
            "tokens V": self.vocab_size,
            "tensors": f"{self.dtype}, {self.device}, {self.n_bytes / 1e6:,.0f} MB",
        }

    @property
    def name(self) -> str:
        """The model's id as it was asked for."""
        return self.source.model_id

    @property
    def blocks(self) -> "Sequence[Any]":
        """The layers, as `transformers` has them."""
        return self.network.transformer.h

    @property
    def W_E(self) -> torch.Tensor:
        """The token embeddings, (V, d)."""
        return self.network.transformer.wte.weight

    @property
    def W_U(self) -> torch.Tensor:
        """The unembedding, (V, d): that of the tokens itself, unless config.json unties them."""
        return self.network.lm_head.weight

    @property
    def n_layers(self) -> int:
        return len(self.blocks)

    @property
    def n_heads(self) -> int:
        return self.network.config.n_head

    @property
    def d_model(self) -> int:
        return self.W_E.shape[1]

    @property
    def d_head(self) -> int:
        return self.d_model // self.n_heads

    @property
    def n_neurons(self) -> int:
        return self.blocks[0].mlp.c_proj.weight.shape[0]

    @property
    def n_positions(self) -> int:
        return len(self.network.transformer.wpe.weight)

    @property
    def vocab_size(self) -> int:
        """Rows of the embedding; the last of a padded one have no token."""
        return len(self.W_E)

    @property
    def device(self) -> torch.device:
        return self.W_E.device

    @property
    def dtype(self) -> torch.dtype:
        return self.W_E.dtype

    @property
    def n_bytes(self) -> int:
        """What the tensors hold in memory, on whichever device they are."""
        return sum(p.numel() * p.element_size() for p in self.network.parameters())

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """ln_f(x) W_Uᵀ, (…, V): the logits of the last layer's states, and of the logit lens."""
        return self.network.lm_head(self.network.transformer.ln_f(x))

    def check_ids(self, ids: "Sequence[int] | torch.Tensor") -> torch.Tensor:
        """Token ids of a text as a tensor (n,) on the model's device.

        Raises: InputError if there are none, more than L, or one that is no token of the model.
        """
        return check_text(ids, self.n_positions, self.vocab_size).to(self.device, torch.long)

    def token_id(self, token: int | str) -> int:
        """The id of a token given as its id or its exact text.

        Raises: InputError if it is not exactly one token of this model.
        """
        return checked_id(self.tokenizer, token, self.vocab_size)


# Weights made in inference mode could never be part of a backward pass.
@torch.inference_mode(False)
def load_model(
    model: str | Path,
    *,
    device: str | torch.device = "auto",
    dtype: torch.dtype = torch.float32,
    revision: str | None = None,
) -> Model:
    """Loads all layers of a GPT-2: "mini" (bundled), a checkpoint folder, or a .safetensors file.

    A hub id such as "gpt2" works once `detok.fetch_whole` has brought all its layers here;
    `detok.load` needs, and fetches, the first one only.

    Raises: CheckpointError (an InputError and ValueError) if there is no such checkpoint, it is
    damaged or of another family than GPT-2; NotDownloadable for a model of the hub that was not
    fetched; InputError if it needs more memory than there is.
    """
    check_dtype(dtype)
    chosen = pick_device(device)
    source = locate_whole(str(model), revision)
    size = needed(read_config(source.folder), dtype)
    memory.check_bytes(size, chosen, "loading all layers", "a smaller model")
    with memory.explaining(chosen):
        tokenizer = Vocabulary.from_folder(source.folder)
        network = read_network(source.folder, source.weights, chosen, dtype)
        return Model(source, tokenizer, network)

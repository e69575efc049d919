"""A model of `transformers` in float64 throughout, in which a wrong constant could not hide."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.overrides import TorchFunctionMode
from transformers.models.gptj import modeling_gptj

from detok.model.families import family_of
from detok.model.files import read_config


class Double(TorchFunctionMode):
    """Does in float64 what code asks for in float32: norms, sines, products, softmax."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        func = torch.Tensor.double if func is torch.Tensor.float else func
        kwargs = {name: _wide(value) for name, value in (kwargs or {}).items()}
        return func(*map(_wide, args), **kwargs)


def _wide(value: Any) -> Any:
    return torch.float64 if value is torch.float32 else value


@torch.inference_mode()
def attention_in_float64(folder: Path, ids: torch.Tensor) -> torch.Tensor:
    """The model's own first-layer attention, (…, H, n, n), to one text (n,) or several (…, n).

    Its frequencies are those of float32.
    """
    config = read_config(folder)
    family = family_of(config)
    model = getattr(transformers, config["architectures"][0]).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    base = getattr(transformers, family.model_class)
    model = next(module for module in model.modules() if isinstance(module, base))
    model = model.double().eval()
    with Double():
        for module in model.modules():
            if isinstance(module, modeling_gptj.GPTJAttention):
                module.embed_positions = modeling_gptj.create_sinusoidal_positions(
                    module.max_positions, module.pos_embd_dim
                )
        part = getattr(model, family.part) if family.part else model
        found = part(ids.view(-1, ids.shape[-1]), output_attentions=True).attentions[0]
        return found.view(*ids.shape[:-1], *found.shape[1:])

"""The architectures whose first layer detok reads: with learned positions, rotary ones, or ALiBi.

A new family is one file here and one line in `FAMILIES`. Its file says, for a config.json,

1. which tensors are needed, by the names they have in the checkpoint, and their shapes (`shapes`);
2. how these become a `FirstLayer`: transposed where `torch.nn.Linear` holds them, fused projections
   cut, positions counted from 0 (without rows that stand before the first), and what every token
   gets (such as BERT's token type) added to the positions. `separate` says 1 and 2 for all whose
   queries and keys have projections of their own. Of a model with rotary positions it is a
   `RotaryFirst`: `rotary` says 1 and 2 for all of these;
3. what the heads write and the LayerNorm before the logits (`written`), or why there is no direct
   path from the one to the other (`undefined`);
4. what softmax divides by (`scale`), and whether a token sees those after it (`is_causal`);
5. the prefixes under which checkpoints keep these names, and how `transformers` is asked for a
   model of one layer, which proves the file right.

What the file cannot represent it refuses, with a sentence. The tests of the rest find a family by
itself: add to `tests/support/families.py` the configurations to be proved.
"""

from collections.abc import Mapping
from typing import Any

from detok.errors import CheckpointError
from detok.model.families import (
    bert,
    biogpt,
    bloom,
    clip,
    cohere,
    gemma,
    gemma3,
    gpt2,
    gpt_bigcode,
    gpt_neo,
    gpt_neox,
    gptj,
    llama,
    mistral,
    mpt,
    olmo2,
    opt,
    phi,
    qwen2,
    qwen3,
    roberta,
    stablelm,
    whisper,
)
from detok.model.families.elsewhere import why_not
from detok.model.families.family import Family

# By the model_type of config.json.
FAMILIES: dict[str, Family] = {
    "gpt2": gpt2.FAMILY,
    "opt": opt.FAMILY,
    "gpt_neo": gpt_neo.FAMILY,
    "gpt_bigcode": gpt_bigcode.FAMILY,
    "biogpt": biogpt.FAMILY,
    "whisper": whisper.FAMILY,
    "bert": bert.FAMILY,
    "roberta": roberta.FAMILY,
    "clip": clip.FAMILY,
    "clip_text_model": clip.FAMILY,
    "llama": llama.FAMILY,
    "mistral": mistral.FAMILY,
    "qwen2": qwen2.FAMILY,
    "qwen3": qwen3.FAMILY,
    "gemma": gemma.FAMILY,
    "gemma2": gemma.FAMILY_2,
    "gemma3": gemma3.FAMILY,
    "gemma3_text": gemma3.FAMILY,
    "gpt_neox": gpt_neox.FAMILY,
    "gptj": gptj.FAMILY,
    "olmo2": olmo2.FAMILY,
    "phi": phi.FAMILY,
    "stablelm": stablelm.FAMILY,
    "cohere": cohere.FAMILY,
    "bloom": bloom.FAMILY,
    "mpt": mpt.FAMILY,
}


def family_of(config: Mapping[str, Any]) -> Family:
    """The family of a checkpoint, by its config.json.

    Raises: CheckpointError if the architecture is not supported; for one that treats positions in
    another way the sentence says which of the six terms it does not have.
    """
    architecture = config.get("model_type")
    if isinstance(architecture, str) and architecture in FAMILIES:
        return FAMILIES[architecture]
    named = "names no" if architecture is None else f"has model_type = {architecture!r}: no"
    raise CheckpointError(
        f"config.json {named} supported architecture{why_not(architecture)}; expected one with "
        f"learned absolute or rotary positions, or ALiBi: {', '.join(FAMILIES)}"
    )


def check_whole(config: Mapping[str, Any]) -> None:
    """Raises: CheckpointError for a family of which detok reads the first layer only, or none."""
    family_of(config)
    if config["model_type"] != "gpt2":
        raise CheckpointError(
            f"config.json has model_type = {config['model_type']!r}, of which detok reads the "
            "first layer only; expected 'gpt2' where all layers are needed"
        )

"""Architectures known that detok does not read, and what their first layer does."""

_ROTARY = "it rotates queries and keys by their positions in a way that detok does not read yet"
_BIAS = (
    "it adds to the scores a number for the distance of two tokens: of the six terms ep, pe and p "
    "do not exist, and that number stands in place of pp"
)
_RELATIVE = (
    "its positions are those of one token relative to another: the six terms do not exist in this "
    "form"
)
_SINES = "its positions are fixed sines, which detok does not read yet"
_NO_NORM = "no LayerNorm comes before its first attention, which detok does not read yet"
_NO_ATTENTION = "its first layer is no attention: none of the six terms exists"

_WHY: dict[str, tuple[str, ...]] = {
    _ROTARY: (
        *("llama4", "mixtral", "qwen", "qwen2_moe", "qwen3_moe", "phi3", "gpt_neox_japanese"),
        *("codegen", "olmo", "olmo3", "starcoder2", "cohere2", "deepseek_v2", "deepseek_v3"),
        *("granite", "smollm3", "gpt_oss", "modernbert", "persimmon", "glm", "glm4", "nemotron"),
        *("roformer", "internlm2", "chatglm", "exaone4", "ernie4_5"),
    ),
    _BIAS: ("t5", "mt5", "umt5", "longt5", "switch_transformers"),
    _RELATIVE: ("deberta", "deberta-v2", "xlnet", "transfo-xl"),
    _SINES: ("marian", "pegasus", "xglm", "fsmt", "m2m_100"),
    _NO_NORM: ("openai-gpt",),
    _NO_ATTENTION: ("mamba", "mamba2", "rwkv", "falcon_mamba", "fnet"),
}


def why_not(architecture: object) -> str:
    """The reason to be put after "no supported architecture", or nothing if none is known."""
    for reason, architectures in _WHY.items():
        if architecture in architectures:
            return f" ({reason})"
    return ""

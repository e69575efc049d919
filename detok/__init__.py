"""detok: how a language model's first attention layer glues tokens together, from its weights.

Dimension letters, used in every shape comment and error message of the package:

    V  tokens of the vocabulary          H   attention heads
    L  positions                         d'  width of a head, d / H
    d  width of the model                n   tokens of a text
    i  the current token or position     j   the past token or position that i attends to
    Δ  their distance, i − j             H_kv  key heads, which several heads may share

Where no mask hides what comes after i, as in BERT, "past" stands for all that i attends to.

Scores are tensors; a result that holds several things is a dataclass; what is meant to be looked at
or saved is a DataFrame. Scores and terms are unscaled unless a docstring says otherwise: softmax
divides them by `Layer.scale`, √d' in most models. Equation and section numbers are those of
"Weight-based Analysis of Detokenization in Language Models" (Kamoda et al.).
"""

import os

import lazy_loader

# OpenMP's threads else spin at the end of every small product, and where another process or thread
# has their core, everything waits for them. Read once, when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Public names are in `__init__.pyi`, and imported when they are first used: the command line
# answers before torch is there.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

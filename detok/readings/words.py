"""What words say of a layer: what its tokens attend to, and what becomes of their scores."""

from dataclasses import dataclass, replace

from detok.counting.counts import Counts
from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.rotary_layer import RotaryLayer


@dataclass(frozen=True)
class Words:
    """How to speak of what a token i attends to."""

    seen: str  # the tokens and positions j
    sides: str  # what it means to rank the ones or the others
    partner: str  # what a ranked token j is to a token i, whose name follows
    anything: str  # what a token j stands to, whatever that is
    close: str  # the positions close to i
    needed: str  # the texts that the attention of position i can be measured on
    neighbours: str = "σ is averaged over positions"  # at which places two pieces are compared
    by_place: str = "by position alone"  # where a token looks, whatever the tokens are


_CAUSAL = Words(
    seen="past",
    sides="Past: which earlier tokens the chosen token attends to. Current: which later tokens "
    "attend to it.",
    partner="before",
    anything="before anything",
    close="the last positions",
    needed="Each needs more than i tokens.",
)
# Without a mask, what is attended to may also come after.
_BOTH_WAYS = Words(
    seen="attended",
    sides="Attended: which tokens the chosen token attends to, before it or after it. Current: "
    "which tokens attend to it.",
    partner="beside",
    anything="beside anything",
    close="the positions nearest to i",
    needed="This model's tokens see all of a text: each needs a token for every position.",
)


_ROTARY = replace(
    _CAUSAL, neighbours="at distance 1", by_place="by the mean score of each distance"
)
_SLOPED = replace(_ROTARY, neighbours="the same at every distance")


def words_for(layer: AnyLayer) -> Words:
    """The words for the tokens of this model."""
    if isinstance(layer, RotaryLayer):
        return _ROTARY if layer.slopes is None else _SLOPED
    return _CAUSAL if layer.is_causal else _BOTH_WAYS


_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def terms(layer: AnyLayer) -> str:
    """How many terms scores are made of."""
    n = len(layer.term_names)
    return "one term" if n == 1 else f"{_NUMBERS[n]} terms"


# What is shown for what cannot be seen in a token.
SIGNS = (
    r"In tokens, · is a space, \x with two digits a byte by itself, and é 1/2 the "
    "first of two tokens that make up é."
)


def spaces(layer: AnyLayer) -> str:
    """What a space at a word's edge does to its tokens."""
    vocabulary = layer.tokenizer
    try:
        alike = (("a", " a"), ("a a", "a  a"))
        they_count = any(vocabulary.encode(one) != vocabulary.encode(two) for one, two in alike)
    except InputError:
        return "Texts cannot be split here: choose a token that matches, or type the ids of some."
    if they_count:
        return "Spaces count: type one before a word to get the token it has inside a sentence."
    where = "before its first" if vocabulary.edge == "start" else "after its last"
    return f"Spaces only part words here: the one that is shown {where} token marks a word's edge."


def limits(layer: RotaryLayer) -> str:
    """What keeps attention from what scores alone would make of it: a window, a cap."""
    first, said = layer.first, ""
    if first.window is not None:
        said += f" A token sees the last {first.window:,} tokens alone, itself among them."
    if first.soft_cap is not None:
        c = f"{first.soft_cap:g}"
        said += (
            f" Softmax takes a score s as {c} · tanh(s / {c}): scores and terms are shown before "
            "that, attention and contributions to it after it."
        )
    return said


def divided(layer: AnyLayer) -> str:
    """How scores and terms are given where they are as softmax takes them."""
    if layer.scale == 1:
        return "undivided"
    if layer.scale == layer.d_head**0.5:
        return "divided by sqrt(d_head)"
    return f"divided by {layer.scale:g}"


def drawn(counts: Counts | None) -> str:
    """How tokens are drawn that stand for all."""
    if counts is None or not counts.tokens.any():
        return "each as likely, for want of counts"
    return f"by how often they occur in {counts.origin}"


def heads(n: int) -> str:
    """So many heads."""
    return "1 head" if n == 1 else f"{n} heads"


def amount(n: int, one: str) -> str:
    """So many of what is called so."""
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"


def named(numbers: list[int], total: int) -> str:
    """Some of all heads by their numbers."""
    if len(numbers) == total > 1:
        return "all heads"
    if len(numbers) == 1:
        return f"head {numbers[0]}"
    return f"heads {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"

"""Texts to count, and a plain count of them."""

from collections import Counter
from itertools import pairwise

from hypothesis import strategies as st

from detok.counting.counts import Counts
from detok.model.vocabulary import Vocabulary

END_OF_TEXT = "<|endoftext|>"
# Words that repeat, and all that a tokenizer may stumble over: white space of every kind, marks
# without letters, contractions, special tokens and their beginnings.
WORDS = ["the", "dog", "don't", "I'll", "unfit", "12,5", "naïve", "日本", "?!", "x" * 9, "é"]
WORDS += ["“the—", "’sthe…", "2nd-", "s't'", "²the"]
SPACES = [" ", "  ", "\n", "\n\n ", "\t", "\r\n", "\x1c", "\x85", "\u00a0", "\u2003", "\u3000", ""]
SPECIAL = [END_OF_TEXT, "<|endof", "'", "\x00", "\ufeff", "👩‍👩‍👧"]
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS + SPACES * 2 + SPECIAL), max_size=25).map("".join), max_size=6
)
# Token ids: few, so that runs of one token, empty documents and repeated pairs are common.
V, END = 12, 3
CORPORA = st.lists(st.integers(0, V - 1) | st.just(END) | st.just(5), max_size=60)


def plain_count(texts: list[str], vocabulary: Vocabulary) -> tuple[Counter, Counter]:
    """How often each token, and each pair (past, current), occurs; each text encoded as a whole."""
    tokens: Counter[int] = Counter()
    pairs: Counter[tuple[int, int]] = Counter()
    special = vocabulary.id_of(END_OF_TEXT)
    for text in texts:
        ids = vocabulary.encode(text)
        tokens.update(ids)
        pairs.update(pair for pair in pairwise(ids) if special not in pair)
    return tokens, pairs


def as_counters(counts: Counts) -> tuple[Counter, Counter]:
    """The same of a table."""
    pairs = Counter(
        {
            (int(past), current): int(n)
            for current in range(counts.vocab_size)
            for past, n in zip(*counts.row(current), strict=True)
        }
    )
    return Counter({t: int(n) for t, n in enumerate(counts.tokens) if n}), pairs


def plain_count_in_words(texts: list[str], vocabulary: Vocabulary) -> Counter:
    """How often each pair (past, current) stands in one word of a text."""
    pairs: Counter[tuple[int, int]] = Counter()
    special = vocabulary.id_of(END_OF_TEXT)
    for text in texts:
        tokens = zip(vocabulary.encode(text), vocabulary.words(text), strict=True)
        pairs.update((a, b) for (a, one), (b, other) in pairwise(tokens) if one == other)
    return Counter({pair: n for pair, n in pairs.items() if special not in pair})

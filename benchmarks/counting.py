"""Counting tokens and pairs of neighbours, against `collections.Counter`, as the authors count.

`python -m benchmarks.counting` prints ratios that were measured in one run, on token ids that are
in memory: reading and encoding texts is apart. The ids follow one another as in books under GPT-2's
tokenizer: each is drawn from those that the bundled counts have before the next one.

With `--texts FILE --tokenizer NAME` (Parquet, whose column `text` is counted; a tokenizer that
splits texts as GPT-2's) it prints how much faster texts are counted if no word is encoded twice
than if every text is encoded. Both take one core, and their time is that of the processor.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq

from benchmarks import measure
from detok.bundled import BUNDLED_COUNTS
from detok.counting.counts import Counts
from detok.counting.encoding import Encoder, batches, named_vocabulary
from detok.counting.in_memory import count_ids
from detok.counting.pairs import PairCounter
from detok.counting.pieces import Piece, pieces_of

# Texts that are drawn side by side.
TEXTS = 20_000


def ids_like_books(n: int, seed: int = 0) -> tuple[np.ndarray, int]:
    """n token ids, drawn from the last one of each text to its first; and V."""
    books = Counts.load(BUNDLED_COUNTS / "gpt2-books.parquet")
    chance = np.random.default_rng(seed)
    ends = np.concatenate([[0], books.pair_counts.cumsum(dtype=np.int64)])  # (pairs + 1,)
    starts, stops = ends[books.offsets[:-1]], ends[books.offsets[1:]]  # (V,)
    frequency = books.tokens / books.tokens.sum()
    steps = -(-n // TEXTS)
    ids = np.empty((steps, TEXTS), dtype=np.int64)
    for step in range(steps):
        drawn = chance.choice(books.vocab_size, TEXTS, p=frequency)
        if step:
            after = ids[step - 1]
            place = starts[after] + (chance.random(TEXTS) * (stops - starts)[after]).astype(int)
            before = books.past[np.searchsorted(ends, place, "right") - 1]
            drawn = np.where(stops[after] > starts[after], before, drawn)
        ids[step] = drawn
    return ids[::-1].T.ravel()[:n].astype(np.int32), books.vocab_size


def counters(ids: list[int]) -> tuple[Counter, Counter]:
    """The authors' way."""
    return Counter(ids), Counter(pairwise(ids))


def encoded_once(encoder: Encoder, texts: list[list[Piece]]) -> Counts:
    tally, last = encoder.tally(), None
    for batch in batches(piece for text in texts for piece in text):
        last = tally.add(batch, last)
    return Counts.of(*tally.take(), tells_within=True)


def encoded_every_time(encoder: Encoder, texts: list[list[Piece]]) -> Counts:
    counter = PairCounter(encoder.vocab_size, encoder.separators)
    for text in texts:
        last: list[int] = []
        for batch in batches(text):
            encodings = encoder.backend.encode_batch_fast([piece.text for piece in batch], False)
            ids = np.concatenate([last, *(np.array(e.ids) for e in encodings)]).astype(np.int64)
            counter.add(ids, carried=len(last))
            last = ids[-1:].tolist()
    return Counts.of(*counter.take(), tells_within=False)


def compare_texts(path: str, tokenizer: str) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    encoder = Encoder.of(named_vocabulary(tokenizer)[0])
    assert encoder.cuts
    contents = [text.encode() for text in pq.read_table(path)["text"].to_pylist()]
    texts = [list(pieces_of(content, encoder.cuts)) for content in contents]
    a, b = encoded_once(encoder, texts), encoded_every_time(encoder, texts)
    for name in ("tokens", "offsets", "past", "pair_counts"):
        assert np.array_equal(getattr(a, name), getattr(b, name))
    n, megabytes = int(a.tokens.sum()), sum(map(len, contents)) / 1e6
    ways = (encoded_once, encoded_every_time)
    seconds = np.array([[timed(lambda w=w: w(encoder, texts)) for w in ways] for _ in range(3)])
    fast, slow = np.median(seconds, axis=0)
    print(f"{n:,} tokens of {len(texts):,} texts, {megabytes:.0f} MB, the same counts both ways")
    print(f"{'':30}{'once':>11}{'every time':>13}{'ratio':>9}")
    print(f"{'time of one core':30}{fast:9.2f} s{slow:11.2f} s{slow / fast:8.1f}x")
    print(f"{'tokens a second':30}{n / fast / 1e6:9.2f} M{n / slow / 1e6:11.2f} M")


def timed(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=20_000_000)
    parser.add_argument("--texts")
    parser.add_argument("--tokenizer", default="gpt2")
    options = parser.parse_args()
    if options.texts is not None:
        compare_texts(options.texts, options.tokenizer)
        return
    n = options.tokens
    ids, V = ids_like_books(n)
    listed = ids.tolist()

    counts, (tokens, pairs) = count_ids(ids, V), counters(listed)
    rows = np.repeat(np.arange(V), np.diff(counts.offsets))
    ours = zip(counts.past.tolist(), rows.tolist(), strict=True)
    assert pairs == dict(zip(ours, counts.pair_counts.tolist(), strict=True))
    assert tokens == {t: n for t, n in enumerate(counts.tokens.tolist()) if n}
    n_pairs = len(pairs)
    del counts, tokens, pairs, rows, ours

    # In turns, so that a change in the machine's speed meets both alike.
    seconds = np.array(
        [(timed(lambda: count_ids(ids, V)), timed(lambda: counters(listed))) for _ in range(3)]
    )
    fast, slow = np.median(seconds, axis=0)
    small = measure.extra_mb(lambda: count_ids(ids, V))
    large = measure.extra_mb(lambda: counters(listed))
    print(f"{n:,} tokens in memory, {n_pairs:,} different pairs")
    print(f"{'':30}{'detok':>11}{'Counter':>11}{'ratio':>9}")
    print(f"{'time':30}{fast:9.2f} s{slow:9.2f} s{slow / fast:8.1f}x")
    print(f"{'peak memory':30}{small:8.0f} MB{large:8.0f} MB{large / small:8.1f}x")


if __name__ == "__main__":
    main()

"""Counting files: against a plain count, whatever the portions and interruptions."""

import random
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings, strategies as st

import detok
from detok.counting import workers
from detok.counting.progress import Progress
from tests.support.corpora import SMALL, count_into, write
from tests.support.texts import SPACES, TEXTS, WORDS, as_counters, plain_count, plain_count_in_words

pytestmark = pytest.mark.usefixtures("small_portions")


@given(TEXTS, st.integers(1, 2000), st.sampled_from([0.0, 60.0]))
@settings(max_examples=60)
def test_files_of_all_kinds(texts: list[str], memory: int, keep_every: float) -> None:
    """With hardly any memory, and what was counted put down all the time."""
    # Where a text file begins with a byte order mark, that is none of its text.
    read = [t if n % 3 else t.removeprefix("\ufeff") for n, t in enumerate(texts)]
    assume(any(read))
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "KEEP_EVERY_S", keep_every)
        folder, out = write(Path(name) / "texts", texts), Path(name) / "counts.parquet"
        table = count_into(out, folder, memory)
        counts = detok.Counts.load(out, SMALL)
        assert as_counters(counts) == plain_count(read, SMALL)
        assert as_counters(counts.within_words())[1] == plain_count_in_words(read, SMALL)
        assert counts.provenance["documents"] == str(len([t for t in read if t]))
        assert count_into(Path(name) / "more.parquet", folder) == table


class Killed(Exception):
    """Stands for the end of the process at any moment at which it reports progress."""


@pytest.mark.slow
@given(st.integers(0, 10**6), st.sampled_from([0.0, 60.0]))
@settings(max_examples=20)
def test_a_count_that_is_killed_or_interrupted_goes_on(seed: int, keep_every: float) -> None:
    chance = random.Random(seed)
    texts = ["".join(chance.choices(WORDS + SPACES, k=60)) for _ in range(7)]

    def end_at_random(progress: Progress) -> None:
        assert 0 <= progress.share <= 1
        tokens.append(progress.tokens)
        what = chance.random()
        if what < 0.05:
            raise Killed
        # A second interruption would end the count at once.
        if what < 0.3 and not is_interrupted:
            is_interrupted.append(True)
            signal.raise_signal(signal.SIGINT)

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder, out = write(Path(name) / "texts", texts), Path(name) / "counts.parquet"
        table = count_into(out, folder)
        out.unlink()
        patch.setattr(workers, "KEEP_EVERY_S", keep_every)
        while not out.exists():
            tokens: list[int] = []
            is_interrupted: list[bool] = []
            message = ""
            try:
                count_into(out, folder, 300, progress=end_at_random)
            except Killed:
                continue
            except KeyboardInterrupt as interruption:
                message = str(interruption)
            # An interruption loses nothing.
            kept = f"{tokens[-1]:,} tokens are counted and kept" if tokens else "0 tokens"
            assert not is_interrupted or kept in message
        assert out.read_bytes() == table


def test_rare_pairs_are_left_out_and_the_file_says_so(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["?!?!?!?!", "?!", "a!"])
    count_into(tmp_path / "all.parquet", folder)
    count_into(tmp_path / "often.parquet", folder, min_count=3)
    whole, often = (detok.Counts.load(tmp_path / f"{n}.parquet") for n in ("all", "often"))
    assert often.min_count == 3
    assert as_counters(often) == as_counters(whole.pruned(3))
    assert len(often.past) == 2


def test_a_file_that_is_given_twice_is_counted_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog", "a cat", "two", "", "unfit"])
    summary = detok.count_files([folder, folder / "0.txt"], SMALL, tmp_path / "counts.parquet")
    assert summary.documents == 4
    assert summary.problems == [("empty documents", 1, str(folder / "1.txt"))]


def test_nothing_to_count(tmp_path: Path) -> None:
    out = tmp_path / "counts.parquet"
    with pytest.raises(detok.InputError, match="is not there"):
        detok.count_files([tmp_path / "none"], SMALL, out)
    with pytest.raises(detok.InputError, match="holds no text file"):
        detok.count_files([tmp_path], SMALL, out)
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.jsonl").write_text("")
    with pytest.raises(detok.InputError, match=r"no document to count \(1 empty documents"):
        detok.count_files([tmp_path], SMALL, out)
    assert not out.exists()
    assert not out.with_name(out.name + ".partial").exists()


def test_refused_arguments(tmp_path: Path) -> None:
    out = tmp_path / "counts.parquet"
    (tmp_path / "a.txt").write_text("the dog")
    for options, sentence in (
        ({"workers": 0}, "workers is 0"),
        ({"min_count": 0}, "min_count is 0"),
        ({"memory": 0}, "memory is 0 bytes"),
    ):
        with pytest.raises(detok.InputError, match=sentence):
            detok.count_files([tmp_path], SMALL, out, **options)
    with pytest.raises(detok.InputError, match="is no folder"):
        detok.count_files([tmp_path], SMALL, tmp_path / "none" / "counts.parquet")

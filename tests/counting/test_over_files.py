"""Counting texts: against a plain count, whatever the portions, the processes and interruptions."""

import json
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings, strategies as st
from tokenizers import Tokenizer, pre_tokenizers

import detok
from detok.bundled import BUNDLED
from detok.counting import encoding, files, over_files, pairs, workers
from detok.counting.encoding import Encoder
from detok.counting.pieces import document, pieces as pieces_of
from detok.counting.progress import Progress
from detok.model.vocabulary import Vocabulary
from tests.support.models import byte_tokenizer
from tests.support.texts import SPACES, TEXTS, WORDS, as_counters, plain_count

SMALL = Vocabulary(byte_tokenizer(400))


@pytest.fixture(scope="module", autouse=True)
def _small_portions() -> Iterator[None]:
    """A few words take many pieces, batches, blocks, parts and runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detok.counting.pieces.PIECE_BYTES", 7)
        patch.setattr(files, "PART_BYTES", 50)
        patch.setattr(encoding, "BATCH_CHARACTERS", 20)
        patch.setattr(pairs, "BLOCK", 5)
        patch.setattr(pairs, "RANGES", 3)
        patch.setattr(over_files, "MIN_MEMORY", 1)
        yield


@given(TEXTS)
@example([])
@example([""])
@example(["the", "", "the the the the the the the the"])
def test_texts_in_memory(texts: list[str]) -> None:
    found = detok.count(texts, SMALL)
    assert as_counters(found) == plain_count(texts, SMALL)
    assert found.provenance["documents"] == str(len([t for t in texts if t]))
    assert found.provenance["tokens"] == str(found.tokens.sum())


@given(TEXTS)
@settings(max_examples=30)
def test_a_tokenizer_that_looks_further_gets_whole_texts(texts: list[str]) -> None:
    backend = byte_tokenizer(400)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    vocabulary = Vocabulary(backend)
    assert not Encoder.of(vocabulary).cuts
    assert as_counters(detok.count(texts, vocabulary)) == plain_count(texts, vocabulary)


@given(TEXTS.map("".join))
def test_a_cut_leaves_the_words_that_the_tokenizer_splits_a_text_into(text: str) -> None:
    def words(text: str) -> list[str]:
        return [word for word, _ in SMALL.backend.pre_tokenizer.pre_tokenize_str(text)]

    pieces = [piece.text for piece in document(text.encode(), 0, 0.0, True)]
    assert "".join(pieces) == text
    assert [word for piece in pieces for word in words(piece)] == words(text)


@pytest.mark.parametrize("size", [1, 7, 20, 21, 22, 45, 1000])
def test_every_line_is_in_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(files, "PART_BYTES", size)
    texts = [str(n) * (n % 9) for n in range(1, 30) if n % 9]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts) + "\n\n")
    parts = files.parts_of(path, "text", pytest.fail)
    assert sum(part.size for part in parts) == path.stat().st_size
    pieces = [p for part in parts for p in pieces_of(part, "text", 0, False, pytest.fail)]
    assert [piece.text for piece in pieces] == texts
    # One can go on after any of them.
    for part in parts:
        positions = [0, *(p.position for p in pieces_of(part, "text", 0, False, pytest.fail))]
        rests = [list(pieces_of(part, "text", at, False, pytest.fail)) for at in positions]
        assert [len(rest) for rest in rests] == list(range(len(positions)))[::-1]


@pytest.mark.parametrize("size", [1, 5, 9, 20, 1000])
def test_no_pair_crosses_what_was_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Wherever batches end."""
    monkeypatch.setattr(encoding, "BATCH_CHARACTERS", size)
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"the dog \xe9 rained")
    count_into(tmp_path / "counts.parquet", folder)
    found = detok.Counts.load(tmp_path / "counts.parquet")
    assert as_counters(found) == plain_count(["the dog", " rained"], SMALL)


def test_which_tokenizers_allow_to_cut() -> None:
    assert Encoder.of(SMALL).cuts
    for change in ('"single_word": false', '"rstrip": false'):
        description = json.loads(SMALL.backend.to_str())
        key = change.split('"')[1]
        description["added_tokens"][0][key] = True
        assert not Encoder.of(Vocabulary(Tokenizer.from_str(json.dumps(description)))).cuts


def write(folder: Path, texts: list[str]) -> Path:
    """The texts in files of all kinds: a third in each."""
    folder.mkdir()
    for n, text in enumerate(texts[::3]):
        (folder / f"{n}.txt").write_bytes(text.encode())
    with (folder / "lines.jsonl").open("w") as file:
        for text in texts[1::3]:
            file.write(json.dumps({"text": text, "other": 1}, ensure_ascii=False) + "\n")
    table = pa.table({"other": [1] * len(texts[2::3]), "text": pa.array(texts[2::3], pa.string())})
    pq.write_table(table, folder / "rows.parquet", row_group_size=2)
    return folder


def count_into(out: Path, folder: Path, memory: int = 1 << 30, **options: object) -> bytes:
    """Counts a folder and gives the bytes of the table."""
    detok.count_files([folder], SMALL, out, memory=memory, **options)
    assert not out.with_name(out.name + ".partial").exists()
    return out.read_bytes()


@given(TEXTS.filter(any), st.integers(1, 2000), st.sampled_from([0.0, 60.0]))
@settings(max_examples=60)
def test_files_of_all_kinds(texts: list[str], memory: int, keep_every: float) -> None:
    """With hardly any memory, and what was counted put down all the time."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "KEEP_EVERY_S", keep_every)
        folder, out = write(Path(name) / "texts", texts), Path(name) / "counts.parquet"
        table = count_into(out, folder, memory)
        found = detok.Counts.load(out, SMALL)
        assert as_counters(found) == plain_count(texts, SMALL)
        assert found.provenance["documents"] == str(len([t for t in texts if t]))
        assert count_into(Path(name) / "more.parquet", folder) == table


class Killed(Exception):
    """Stands for the end of the process at any moment at which it reports progress."""


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


@pytest.mark.usefixtures("plain_main")
@pytest.mark.parametrize("workers", [2, 3])
def test_several_processes_give_the_same_table(tmp_path: Path, workers: int) -> None:
    chance = random.Random(workers)
    texts = [" ".join(chance.choices(["the", "dog", "unfit", "rained"], k=200)) for _ in range(40)]
    folder = write(tmp_path / "texts", texts)
    table = count_into(tmp_path / "one.parquet", folder)
    assert count_into(tmp_path / "more.parquet", folder, workers=workers) == table
    assert as_counters(detok.Counts.load(tmp_path / "one.parquet")) == plain_count(texts, SMALL)


@pytest.mark.usefixtures("plain_main")
def test_an_interruption_of_several_processes_loses_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog rained " * 50] * 40)
    table = count_into(tmp_path / "one.parquet", folder)
    out, tokens = tmp_path / "counts.parquet", []

    def interrupt(progress: Progress) -> None:
        tokens.append(progress.tokens)
        if len(tokens) == 5:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as interruption:
        count_into(out, folder, workers=2, progress=interrupt)
    states = out.with_name(out.name + ".partial").glob("run-*/state.json")
    kept = sum(json.loads(state.read_text())["tokens"] for state in states)
    assert kept == tokens[-1] > 0
    assert f"{kept:,} tokens are counted and kept" in str(interruption.value)
    assert count_into(out, folder, workers=3) == table


@pytest.mark.usefixtures("plain_main")
def test_a_worker_that_dies_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "texts", ["the dog rained " * 50] * 40)
    out = tmp_path / "counts.parquet"

    def kill(progress: Progress) -> None:
        import multiprocessing

        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(detok.InputError, match="ended before its time"):
        count_into(out, folder, workers=2, progress=kill)
    assert count_into(out, folder) == count_into(tmp_path / "one.parquet", folder)


def test_rare_pairs_are_left_out_and_the_file_says_so(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["?!?!?!?!", "?!", "a!"])
    count_into(tmp_path / "all.parquet", folder)
    count_into(tmp_path / "often.parquet", folder, min_count=3)
    whole, often = (detok.Counts.load(tmp_path / f"{n}.parquet") for n in ("all", "often"))
    assert often.min_count == 3
    assert as_counters(often) == as_counters(whole.pruned(3))
    assert len(often.past) == 2


def test_where_counts_come_from(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog", "", "a cat"])
    out = tmp_path / "counts.parquet"
    summary = detok.count_files([folder], "mini", out, corpus="two pets", note="None is a bird.")
    found = detok.Counts.load(out)
    assert found.origin == "two pets"
    provenance = dict(found.provenance)
    assert len(provenance.pop("date")) == 10
    assert provenance == {
        "corpus": "two pets",
        "note": "None is a bird.",
        "documents": "2",
        "tokens": str(summary.tokens),
        "tokenizer": "mini",
        "vocabulary_sha256": Vocabulary.from_folder(BUNDLED["mini"]).sha256,
        "detok": detok.version.__version__,
        "left_out": "1 empty documents",
    }
    assert (summary.documents, summary.pairs) == (2, len(found.past))


def test_the_path_of_a_tokenizer_is_not_put_down(tmp_path: Path) -> None:
    folder = tmp_path / "private" / "pets"
    folder.mkdir(parents=True)
    SMALL.backend.save(str(folder / "tokenizer.json"))
    assert detok.count(["the dog"], str(folder)).provenance["tokenizer"] == "pets"


def test_another_count_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog", "a cat", "two"])
    out = tmp_path / "counts.parquet"

    def stop(_: Progress) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        count_into(out, folder, progress=stop)
    with pytest.raises(detok.InputError, match="begun with another column"):
        count_into(out, folder, column="other")
    with pytest.raises(detok.InputError, match="begun with another tokenizer"):
        detok.count_files([folder], Vocabulary(byte_tokenizer(300)), out)
    (folder / "0.txt").write_text("the cat")
    with pytest.raises(detok.InputError, match="begun with another files"):
        count_into(out, folder)
    shutil.rmtree(out.with_name(out.name + ".partial"))
    count_into(out, folder)
    with pytest.raises(detok.InputError, match="is there already"):
        count_into(out, folder)


def test_two_counts_at_once_into_one_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog"])

    def again(_: Progress) -> None:
        count_into(tmp_path / "counts.parquet", folder)

    with pytest.raises(detok.InputError, match="in use by another process"):
        count_into(tmp_path / "counts.parquet", folder, progress=again)


def test_refused_arguments(tmp_path: Path) -> None:
    out = tmp_path / "counts.parquet"
    (tmp_path / "a.txt").write_text("the dog")
    for options, found in (
        ({"workers": 0}, "workers is 0"),
        ({"min_count": 0}, "min_count is 0"),
        ({"memory": 0}, "memory is 0 bytes"),
    ):
        with pytest.raises(detok.InputError, match=found):
            detok.count_files([tmp_path], SMALL, out, **options)
    with pytest.raises(detok.InputError, match="is no folder"):
        detok.count_files([tmp_path], SMALL, tmp_path / "none" / "counts.parquet")
    with pytest.raises(detok.InputError, match="one text; expected several"):
        detok.count("the dog", SMALL)
    with pytest.raises(detok.InputError, match=r"texts\[1\] is a int"):
        detok.count(["the dog", 3], SMALL)
    with pytest.raises(detok.InputError, match=r"texts\[0\] has '\\ud800'"):
        detok.count(["\ud800"], SMALL)
    with pytest.raises(detok.CheckpointError):
        detok.count(["the dog"], str(tmp_path / "none"))

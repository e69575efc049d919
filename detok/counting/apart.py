"""Counts what strangers give, in a process of its own that is given so much memory and time.

A few bytes can stand for endless ones in a compressed file or in Parquet. What is told of its size
need not be so; that the system gives a process no more memory is.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from detok.counting.counts import Counts
from detok.counting.over_files import count_files
from detok.counting.plan import MIN_MEMORY
from detok.counting.progress import Progress
from detok.errors import InputError
from detok.model.amounts import in_bytes
from detok.model.vocabulary import Vocabulary

OFTEN_S = 0.2
# Of what a file of counts says of itself.
MAX_SAID = 500
_ASKED, _TOKENIZER, _PROGRESS, _ANSWER = "asked.json", "tokenizer", "progress", "answer.json"


@dataclass(frozen=True)
class Bounds:
    """What a count may take."""

    tokens: int  # and as many different pairs
    memory: int  # bytes, on top of what the process takes before it begins
    seconds: int  # of a processor


@dataclass(frozen=True)
class _Asked:
    files: list[str]
    out: str
    tokenizer: str
    sha256: str  # of the vocabulary
    vocab_size: int
    column: str
    corpus: str
    tokens: int
    memory: int
    seconds: int
    parent: int


def count_apart(
    files: list[Path],
    tokenizer: Vocabulary,
    out: Path,
    *,
    bounds: Bounds,
    name: str,
    vocab_size: int,
    column: str,
    corpus: str,
    progress: Callable[[float], None],
) -> None:
    """Counts files into `out`, as `count_files`; or takes over one file of counts, once checked.

    `out` is in a folder that holds nothing else, and may keep what is needed on the way. `name` is
    what the tokenizer is called, `vocab_size` that of the model that the counts are for. `progress`
    is called several times a second with the share that is counted; what it raises ends the count.

    Raises: InputError as `count_files` and `Counts.load`, and for what is beyond the bounds.
    """
    folder = out.parent
    (folder / _TOKENIZER / name).mkdir(parents=True)
    tokenizer.backend.save(str(folder / _TOKENIZER / name / "tokenizer.json"))
    asked = _Asked(
        files=[str(file.absolute()) for file in files],
        out=str(out),
        tokenizer=str(folder / _TOKENIZER / name),
        sha256=tokenizer.sha256,
        vocab_size=vocab_size,
        column=column,
        corpus=corpus,
        parent=os.getpid(),
        **asdict(bounds),
    )
    (folder / _ASKED).write_text(json.dumps(asdict(asked)), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(folder)],
        stdin=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"},
    )
    try:
        while process.poll() is None:
            progress(_share(folder))
            time.sleep(OFTEN_S)
    finally:
        process.kill()
        process.wait()
    _raise_refusal(folder)


def _share(folder: Path) -> float:
    try:
        return float((folder / _PROGRESS).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0


def _raise_refusal(folder: Path) -> None:
    try:
        refused = json.loads((folder / _ANSWER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        refused = "counting took more memory or time than there is; expected fewer or smaller files"
    if refused:
        raise InputError(refused)


def _count(asked: _Asked, folder: Path) -> None:
    """Raises: InputError for what cannot be counted; MemoryError."""
    vocabulary = Vocabulary.from_folder(Path(asked.tokenizer))
    if vocabulary.sha256 != asked.sha256:
        raise InputError("this model's tokenizer cannot be handed on; expected another model")
    _limit(asked)
    held = [file for file in asked.files if _holds_counts(file)]
    if not held:
        _count_texts(asked, folder)
    elif len(asked.files) == 1:
        _check_counts(held[0], vocabulary, asked)
        shutil.copyfile(held[0], asked.out)
    else:
        raise InputError(
            f"{held[0]} holds counts and is one of {len(asked.files)} files; expected texts alone, "
            "or one file of counts"
        )


def _count_texts(asked: _Asked, folder: Path) -> None:
    def show(progress: Progress) -> None:
        if os.getppid() != asked.parent:
            sys.exit("nobody waits for this count any more")
        if progress.tokens > asked.tokens:
            raise InputError(
                f"the texts have more than {asked.tokens:,} tokens, as many as are counted here; "
                "expected fewer: python -m detok count counts any number on a machine of your own"
            )
        new = folder / f"{_PROGRESS}.new"
        new.write_text(str(progress.share), encoding="ascii")
        new.replace(folder / _PROGRESS)

    count_files(
        asked.files,
        asked.tokenizer,
        asked.out,
        column=asked.column,
        memory=max(MIN_MEMORY, asked.memory // 4),
        corpus=asked.corpus or None,
        progress=show,
    )


def _check_counts(file: str, vocabulary: Vocabulary, asked: _Asked) -> None:
    _check_pairs(file, _pairs_told(file) - asked.vocab_size, asked)
    counts = Counts.load(file, vocabulary)
    counts.padded(asked.vocab_size)
    _check_pairs(file, len(counts.past), asked)
    longest = max(map(len, counts.provenance.values()), default=0)
    if longest > MAX_SAID:
        raise InputError(
            f"{file} says something of itself in {longest:,} characters; expected at most "
            f"{MAX_SAID}"
        )


def _pairs_told(file: str) -> int:
    """How many pairs a file says that it has, with one more for each token that is after none."""
    with pq.ParquetFile(file) as parquet:
        told = parquet.metadata
        if told.num_columns < 2:
            return 0  # for whoever reads it to explain
        return sum(told.row_group(n).column(1).num_values for n in range(told.num_row_groups))


def _check_pairs(file: str, n: int, asked: _Asked) -> None:
    if n > asked.tokens:
        raise InputError(
            f"{file} has {n:,} different pairs or more; expected at most {asked.tokens:,}: "
            "python -m detok count --min-count leaves rare ones out"
        )


def _holds_counts(file: str) -> bool:
    """Whether a file is of detok's own format, by what it says of itself."""
    if not file.lower().endswith(".parquet") or not os.path.isfile(file):
        return False
    try:
        return b"detok_counts" in (pq.read_schema(file).metadata or {})
    except Exception:  # for the count to explain
        return False


def _limit(asked: _Asked) -> None:
    """Has the system give this process no more; where it does not, as on Windows, nothing."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError, ValueError):
        return
    most = pages * resource.getpagesize() + asked.memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (asked.seconds, asked.seconds + 1))


def main(folder: Path) -> None:
    """What the process does."""
    asked = _Asked(**json.loads((folder / _ASKED).read_text(encoding="utf-8")))
    refused = ""
    try:
        _count(asked, folder)
    except InputError as error:
        refused = str(error)
    except MemoryError:
        refused = f"the files take more than {in_bytes(asked.memory)} of memory; expected smaller"
    except OSError as error:
        refused = f"the counts cannot be written ({error.strerror or type(error).__name__})"
    (folder / _ANSWER).write_text(json.dumps(refused), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

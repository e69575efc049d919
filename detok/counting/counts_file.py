"""The file of token and bigram counts: one Parquet file, zstd-compressed, with V rows.

Row t is the token with id t.

    count        int64          how often the token occurs
    past         list<uint16>   tokens seen right before it, ascending (uint32 if V > 65,536)
    past_count   list<uint32>   how often each of them was (uint64 if a token occurs 2³² times)

Counts are not negative, the past tokens of a row ascend, and their counts sum to no more than the
token's. The metadata of the schema hold `detok_counts` (the version of this format), `min_count`
(pairs seen fewer times were left out), and the provenance, in which every key begins with
`provenance:`: corpus, documents, tokens, tokenizer, vocabulary_sha256, date, detok (its version),
and a note if there is something to say of the corpus. The metadata of the file hold `checksum`, a
hash of all that (`detok.counting.checksum`), which files of older versions lack. Both lists are
split by byte (BYTE_STREAM_SPLIT). A row group ends with the row that brings it to ROW_GROUP_PAIRS.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detok.counting.checksum import Checksum
from detok.errors import InputError
from detok.model.regular import check_regular

FORMAT_VERSION = "2"
# A row group is built in memory.
ROW_GROUP_PAIRS = 1 << 20
# Rows of a file at most: no vocabulary comes near it, and a few bytes can stand for any number.
MAX_ROWS = 1 << 24
_PREFIX = "provenance:"
_CHECKSUM = "checksum"


class Content(NamedTuple):
    """What the file holds; the arrays are those of `detok.Counts`."""

    tokens: np.ndarray  # (V,) int64
    offsets: np.ndarray  # (V + 1,) int64
    past: np.ndarray  # (pairs,)
    pair_counts: np.ndarray  # (pairs,)
    min_count: int
    provenance: dict[str, str]


def past_type(vocab_size: int) -> type[np.unsignedinteger]:
    """The smallest type of the file that holds every token id."""
    return np.uint16 if vocab_size <= 1 << 16 else np.uint32


def pair_count_type(tokens: np.ndarray) -> type[np.unsignedinteger]:
    """The smallest type of the file that holds every pair's count: at most that of its tokens."""
    return np.uint32 if tokens.max(initial=0) < 1 << 32 else np.uint64


class Writer:
    """Writes the file token by token, so that the table of pairs need not fit in memory.

    Every row group depends only on the counts, never on the portions that they were written in.
    """

    def __init__(
        self, path: Path | str, tokens: np.ndarray, min_count: int, provenance: dict[str, str]
    ) -> None:
        self._tokens = tokens.astype(np.int64)  # (V,)
        self._past_type = past_type(len(tokens))
        self._count_type = pair_count_type(tokens)
        metadata = {_PREFIX + key: value for key, value in sorted(provenance.items())}
        metadata |= {"detok_counts": FORMAT_VERSION, "min_count": str(min_count)}
        self._checksum = Checksum(metadata)
        lists = [pa.list_(pa.from_numpy_dtype(t)) for t in (self._past_type, self._count_type)]
        fields = zip(("count", "past", "past_count"), (pa.int64(), *lists), strict=True)
        self._schema = pa.schema(list(fields), metadata)
        self._file = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=9,
            use_dictionary=False,
            column_encoding={
                "past.list.element": "BYTE_STREAM_SPLIT",
                "past_count.list.element": "BYTE_STREAM_SPLIT",
            },
        )
        self._row = 0
        self._current = [np.zeros(0, np.int64)]
        self._past = [np.zeros(0, self._past_type)]
        self._counts = [np.zeros(0, self._count_type)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._write_rows(len(self._tokens))
            self._file.add_key_value_metadata({_CHECKSUM: self._checksum.hexdigest()})
        self._file.close()

    def write(self, current: np.ndarray, past: np.ndarray, pair_counts: np.ndarray) -> None:
        """Appends pairs, all arrays (n,), in order of the current and then of the past token."""
        self._current.append(current)
        self._past.append(past.astype(self._past_type))
        self._counts.append(pair_counts.astype(self._count_type))
        # A row that is the last so far may not be whole yet.
        while sum(map(len, self._current)) > ROW_GROUP_PAIRS:
            self._current = [np.concatenate(self._current)]
            last = int(self._current[0][ROW_GROUP_PAIRS - 1])
            if last == self._current[0][-1]:
                break
            self._write_rows(last + 1)

    def _write_rows(self, end: int) -> None:
        """Writes the rows of all tokens before `end` that are not written yet."""
        if self._row == end and end:
            return
        current = np.concatenate(self._current)
        n = int(np.searchsorted(current, end))
        sizes = np.bincount(current[:n] - self._row, minlength=end - self._row)
        offsets = np.concatenate([[0], sizes.cumsum()])  # (rows + 1,)
        self._current = [current[n:]]
        tokens = self._tokens[self._row : end]
        lists = []
        for parts in (self._past, self._counts):
            whole = np.concatenate(parts)
            parts[:] = [whole[n:]]
            lists.append(whole[:n])
        self._checksum.add(tokens, sizes, *lists)
        columns: list[pa.Array] = [pa.array(tokens)]
        for values in lists:
            ends = pa.array(offsets, pa.int32())
            columns.append(pa.ListArray.from_arrays(ends, pa.array(values)))
        table = pa.table(columns, schema=self._schema)
        self._file.write_table(table, row_group_size=max(1, end - self._row))
        self._row = end


def read(path: Path | str) -> Content:
    """Reads the whole file.

    Raises: InputError if the file is not one of ours, or is damaged.
    """
    with _readable(path), pq.ParquetFile(path) as file:
        metadata = _metadata(path, file.schema_arrow)
        checksum = (file.metadata.metadata or {}).get(_CHECKSUM.encode())
        if file.metadata.num_rows > MAX_ROWS:
            raise _damaged(path, f"{file.metadata.num_rows:,} rows, at most {MAX_ROWS:,}")
        table = file.read()
    try:
        _check_types(table.schema)
        tokens = table["count"].combine_chunks().to_numpy()
        lists = [_list_array(table[name]) for name in ("past", "past_count")]
        offsets, other_offsets = (a.offsets.to_numpy().astype(np.int64) for a in lists)
        past, pair_counts = (a.values.to_numpy() for a in lists)
        min_count = int(metadata["min_count"])
        if not np.array_equal(offsets, other_offsets) or offsets[-1] != len(past):
            raise ValueError("the lists of past tokens and of their counts do not fit together")
        content = Content(tokens, offsets, past, pair_counts, min_count, _provenance(metadata))
        _check_values(content)
    except (KeyError, ValueError, pa.ArrowException, AttributeError) as error:
        raise _damaged(path, error) from error
    if checksum is not None and checksum.decode("ascii", "replace") != _checksum_of(content):
        raise _damaged(path, "its checksum is that of others")
    return content


def _damaged(path: Path | str, why: object) -> InputError:
    return InputError(f"the counts {path} are damaged ({why}); expected a file that detok wrote")


def _check_types(schema: pa.Schema) -> None:
    columns = {name: schema.field(name).type for name in ("count", "past", "past_count")}
    expected = {"past": (pa.uint16(), pa.uint32()), "past_count": (pa.uint32(), pa.uint64())}
    for name, kind in columns.items():
        is_right = (
            kind == pa.int64()
            if name == "count"
            else pa.types.is_list(kind) and kind.value_type in expected[name]
        )
        if not is_right:
            raise ValueError(f"the column {name!r} has the type {kind}")


def _check_values(content: Content) -> None:
    """Raises: ValueError for numbers that no counting comes to."""
    tokens, offsets, past, pair_counts, min_count, _ = content
    if min_count < 1:
        raise ValueError(f"min_count is {min_count}")
    if tokens.min(initial=0) < 0:
        raise ValueError(f"a token occurs {tokens.min()} times")
    if not len(past):
        return
    if past.max() >= len(tokens):
        raise ValueError(f"there is a past token {past.max()} of {len(tokens)}")
    ascends = past[1:] > past[:-1]
    inner = offsets[1:-1]  # where a row begins, the order does too
    ascends[inner[(inner > 0) & (inner < len(past))] - 1] = True
    if not ascends.all():
        raise ValueError("the past tokens of a row do not ascend")
    if pair_counts.min() < min_count:
        raise ValueError(f"a pair was seen {pair_counts.min()} times, of at least {min_count}")
    rows = np.flatnonzero(np.diff(offsets))  # that hold pairs
    # A sum of floats does not begin anew at 2⁶⁴, and 2⁵³ of a token are in no corpus.
    sums = np.add.reduceat(pair_counts, offsets[rows], dtype=np.float64)
    if (sums > tokens[rows]).any():
        raise ValueError("a token has more pairs than it occurs")


def _checksum_of(content: Content) -> str:
    said = {_PREFIX + key: value for key, value in content.provenance.items()}
    said |= {"detok_counts": FORMAT_VERSION, "min_count": str(content.min_count)}
    checksum = Checksum(said)
    sizes = np.diff(content.offsets)
    checksum.add(content.tokens, sizes, content.past, content.pair_counts)
    return checksum.hexdigest()


def read_provenance(path: Path | str) -> dict[str, str]:
    """Where the counts of a file come from, without reading them.

    Raises: InputError if the file is not one of ours.
    """
    with _readable(path):
        schema = pq.read_schema(path)
    return _provenance(_metadata(path, schema))


@contextmanager
def _readable(path: Path | str) -> Iterator[None]:
    check_regular(path)
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"the counts {path} cannot be read ({reason}); expected a file that detok wrote"
        ) from error


def _metadata(path: Path | str, schema: pa.Schema) -> dict[str, str]:
    found = schema.metadata or {}
    # Of other programs there may be metadata in any bytes.
    metadata = {k.decode(errors="replace"): v.decode(errors="replace") for k, v in found.items()}
    version = metadata.get("detok_counts")
    if version != FORMAT_VERSION:
        held = f"version {version} of detok's counts" if version else "no counts of detok's"
        raise InputError(f"{path} holds {held}; expected version {FORMAT_VERSION}")
    return metadata


def _provenance(metadata: dict[str, str]) -> dict[str, str]:
    own = {k: v for k, v in metadata.items() if k.startswith(_PREFIX)}
    return {key.removeprefix(_PREFIX): value for key, value in own.items()}


def _list_array(column: pa.ChunkedArray) -> pa.ListArray:
    # Concatenated, so that the offsets begin at 0 and the values hold nothing else.
    array = pa.concat_arrays(column.chunks) if column.num_chunks != 1 else column.chunk(0)
    if array.null_count:
        raise ValueError("a list of past tokens is missing")
    return array

"""A hash of a table of counts, in its file: what was damaged on the way is not taken for counts."""

import hashlib
import json
from collections.abc import Mapping

import numpy as np


class Checksum:
    """Takes a table row group by row group; does not depend on where these end."""

    def __init__(self, said: Mapping[str, str]) -> None:
        """`said` is what the file says of itself, which the hash is of too."""
        self._said = json.dumps(dict(sorted(said.items()))).encode()
        self._columns = [hashlib.sha256() for _ in range(4)]

    def add(
        self, tokens: np.ndarray, sizes: np.ndarray, past: np.ndarray, pair_counts: np.ndarray
    ) -> None:
        """Counts of tokens, and pairs of each, both (rows,); the two columns of pairs, (pairs,)."""
        arrays = (tokens, sizes, past, pair_counts)
        for column, array in zip(self._columns, arrays, strict=True):
            column.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)

    def hexdigest(self) -> str:
        digests = [column.digest() for column in self._columns]
        return hashlib.sha256(b"".join([self._said, *digests])).hexdigest()

"""The counts that a visitor has brought along, or had counted here: theirs alone, for one session.

What is made of them is kept by them (`kept`), so that it comes to nobody else. What is kept for
all visitors must not ask for them: that ends in an error, which no page is to show.
"""

import hashlib
import shutil
import weakref
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from detok.app import store
from detok.counting.counts import Counts
from detok.counting.counts_file import read_provenance
from detok.counting.provenance import TOKENIZER_HASH
from detok.model.any_layer import AnyLayer

# Visitors whose counts are in memory at once: those of others are read again when they are used.
MAX_IN_MEMORY = 4
MAX_NAME = 60  # characters of it in a link
_KEY = "own_counts"


@dataclass(frozen=True, eq=False)
class Own:
    """A file of counts, whose folder goes when nothing refers to this any more."""

    path: Path
    vocabulary: str  # the hash of that which they are of
    origin: str
    sha256: str  # of the file

    @classmethod
    def of(cls, path: Path) -> "Own":
        """Takes over a file that was checked, and is alone in its folder."""
        said = read_provenance(path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        own = cls(path, said.get(TOKENIZER_HASH, ""), said.get("corpus", "texts"), digest)
        weakref.finalize(own, shutil.rmtree, path.parent, ignore_errors=True)
        return own

    @property
    def file_name(self) -> str:
        """What the file is called that the visitor gets."""
        return f"counts-{self.sha256[:8]}.parquet"

    @property
    def label(self) -> str:
        """What a link calls them."""
        return f"{self.origin[:MAX_NAME]}, {self.sha256[:8]}"


def mine() -> Own | None:
    """The visitor's own counts, whichever model they are for."""
    if store.is_for_all():
        raise RuntimeError("what all visitors get cannot be made of the counts of one")
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    return st.session_state.get(_KEY)


def of(layer: AnyLayer) -> Own | None:
    """The visitor's own counts, if they are of this layer's vocabulary."""
    own = mine()
    return own if own is not None and own.vocabulary == layer.tokenizer.sha256 else None


def use(own: Own) -> None:
    """From now on this visitor's pages use them, in place of any before."""
    drop()
    st.session_state[_KEY] = own


def drop() -> None:
    """The callback with which a visitor goes back to the model's own counts."""
    own = st.session_state.pop(_KEY, None)
    if own is not None:
        store.forget(own)
        shutil.rmtree(own.path.parent, ignore_errors=True)


# As `store.kept`, for what the visitor's own counts may be in.
kept = partial(store.kept, of=mine)


@store.kept(max_entries=MAX_IN_MEMORY)
def loaded(own: Own, vocab_size: int) -> Counts:
    """Own counts, for a model of so many embeddings.

    Raises: InputError if their file is gone.
    """
    counts = Counts.load(own.path).padded(vocab_size)
    counts.pairs(counts.tokens[:0], counts.tokens[:0])  # makes its index, which has its weight
    return counts

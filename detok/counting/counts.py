"""How often each token, and each pair of neighbouring tokens, occurs in a corpus."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from detok.counting import counts_file
from detok.counting.counts_file import Writer, pair_count_type, past_type
from detok.counting.pairs import Run, checked
from detok.counting.provenance import TOKENIZER_HASH
from detok.display import Displayed
from detok.errors import InputError
from detok.model.vocabulary import Vocabulary

# In the provenance of counts of such pairs.
_IN_WORDS = {"pairs": "inside words"}


@dataclass(frozen=True, eq=False, repr=False)
class Counts(Displayed, then=("counts.pair(past, current)", "detok.pair_auroc(layer, counts)")):
    """Token and bigram counts of a corpus, and where they come from.

    The bigram table is sorted by current token, then by past token: `past[offsets[i]:offsets[i+1]]`
    are the n_i tokens seen right before token i. Pairs seen fewer than `min_count` times are not in
    it; token counts are always exact. `within` says of each pair how often both tokens were in one
    word, as the tokenizer divides texts into words, numbers and marks; None if that is not known.
    """

    tokens: np.ndarray  # (V,) int64
    offsets: np.ndarray  # (V + 1,) int64
    past: np.ndarray  # (pairs,) uint16, or uint32 if V > 65,536
    pair_counts: np.ndarray  # (pairs,) uint32
    min_count: int = 1
    provenance: dict[str, str] = field(default_factory=dict)
    within: np.ndarray | None = None  # (pairs,) as pair_counts: how often of it in one word

    @classmethod
    def empty(cls, vocab_size: int) -> "Counts":
        """Counts of no text at all, with which everything works that needs none."""
        none = np.zeros(0, dtype=np.uint32)
        return cls(np.zeros(vocab_size, np.int64), np.zeros(vocab_size + 1, np.int64), none, none)

    @classmethod
    def of(
        cls,
        tokens: np.ndarray,
        portions: list[Run],
        provenance: dict[str, str] | None = None,
        *,
        tells_within: bool,
    ) -> "Counts":
        """What a `PairCounter` has come to; takes the portions out of the list."""
        vocab_size = len(tokens)
        n = sum(len(run.keys) for run in portions)
        past = np.empty(n, past_type(vocab_size))
        pair_counts = np.empty(n, pair_count_type(tokens))
        within = np.empty(n if tells_within else 0, pair_counts.dtype)
        sizes = np.zeros(vocab_size, dtype=np.int64)
        start = 0
        while portions:
            run = portions.pop(0)
            part = slice(start, start + len(run.keys))
            current, past[part] = np.divmod(run.keys, run.keys.dtype.type(vocab_size))
            sizes += np.bincount(current.astype(np.int64), minlength=vocab_size)
            pair_counts[part] = run.counts
            if tells_within:
                within[part] = run.within
            start = part.stop
        offsets = np.concatenate([[0], sizes.cumsum()])
        return cls(
            *(tokens, offsets, past, pair_counts),
            provenance=provenance or {},
            within=within if tells_within else None,
        )

    @property
    def vocab_size(self) -> int:
        return len(self.tokens)

    @property
    def origin(self) -> str:
        """Which texts were counted, to be put after "in" or "from"."""
        return self.provenance.get("corpus", "texts that the file of counts does not name")

    def _parts(self) -> dict[str, Any]:
        return {
            "texts": self.origin,
            "tokens": int(self.tokens.sum()),
            "vocab_size": self.vocab_size,
            "different_pairs": len(self.past),
            "min_count": self.min_count,
        }

    @cached_property
    def _current(self) -> np.ndarray:
        return np.repeat(np.arange(self.vocab_size), np.diff(self.offsets))  # (pairs,)

    @cached_property
    def _keys(self) -> np.ndarray:
        return self._current * self.vocab_size + self.past  # (pairs,), ascending

    def pair(self, past: int, current: int) -> int:
        """How often `past` stood right before `current`; 0 if never, or if the pair was pruned.

        Raises: InputError for a token id out of range.
        """
        return int(self.pairs(np.array([past]), np.array([current]))[0])

    def pairs(self, past: np.ndarray, current: np.ndarray) -> np.ndarray:
        """`pair` for arrays of token ids that broadcast together, which get one shape in int64.

        Raises: InputError for a token id out of range.
        """
        past, current = np.broadcast_arrays(self._ids(past), self._ids(current))
        if not len(self._keys):
            return np.zeros(past.shape, dtype=np.int64)
        wanted = current * self.vocab_size + past
        place = np.searchsorted(self._keys, wanted).clip(max=len(self._keys) - 1)
        return np.where(self._keys[place] == wanted, self.pair_counts[place], 0).astype(np.int64)

    def pmi(self, past: np.ndarray, current: np.ndarray) -> np.ndarray:
        """Pointwise mutual information of pairs, log c(j, i) N / (c(j) c(i)) in bits.

        −∞ for a pair that is not in the table.

        Raises: InputError for a token id out of range.
        """
        seen = self.pairs(past, current)
        chance = self.tokens[past] / max(self.tokens.sum(), 1) * self.tokens[current]
        with np.errstate(divide="ignore"):
            return np.log2(seen / np.maximum(chance, 1e-300))

    def row(self, current: int) -> tuple[np.ndarray, np.ndarray]:
        """The tokens seen right before `current`, ascending, and how often: both (n_i,) int64.

        Raises: InputError for a token id out of range.
        """
        token_id = int(self._ids(np.array(current)))
        part = slice(self.offsets[token_id], self.offsets[token_id + 1])
        return self.past[part].astype(np.int64), self.pair_counts[part].astype(np.int64)

    def pruned(self, min_count: int) -> "Counts":
        """The same counts without the pairs seen fewer than `min_count` times."""
        if min_count <= self.min_count:
            return self
        return self._of_pairs(self.pair_counts >= min_count, min_count=min_count)

    def within_words(self) -> "Counts":
        """The same counts with the pairs inside words alone, each as often as it was in one.

        Token counts stay those of all texts. Pairs seen in words fewer than `min_count` times are
        left out.

        Raises: InputError if these counts do not tell which pairs were in one word.
        """
        if self.within is None:
            raise InputError(
                f"the counts of {self.origin} do not tell which pairs stood inside words, as those "
                "of token ids and of files that older versions of detok wrote; expected counts of "
                "texts: count them again with detok.count or python -m detok count"
            )
        inside = replace(self, pair_counts=self.within, provenance=self.provenance | _IN_WORDS)
        return inside._of_pairs(self.within >= self.min_count)

    def _of_pairs(self, kept: np.ndarray, **changed: Any) -> "Counts":
        """Some of the pairs (pairs,) bool, with other fields if asked for."""
        return replace(
            self,
            offsets=_offsets(self._current[kept], self.vocab_size),
            past=self.past[kept],
            pair_counts=self.pair_counts[kept],
            within=None if self.within is None else self.within[kept],
            **changed,
        )

    def padded(self, vocab_size: int) -> "Counts":
        """The same counts for a model with more embeddings than its tokenizer has tokens.

        Raises: InputError if the model has fewer.
        """
        more = vocab_size - self.vocab_size
        if more < 0:
            raise InputError(
                f"the counts have a vocabulary of {self.vocab_size} tokens; expected at most "
                f"V = {vocab_size}, the embeddings of this model"
            )
        tokens, offsets = np.pad(self.tokens, (0, more)), np.pad(self.offsets, (0, more), "edge")
        return replace(self, tokens=tokens, offsets=offsets) if more else self

    def save(self, path: Path | str) -> None:
        """Writes the Parquet file that `detok.counting.counts_file` describes."""
        columns = [self.past, self.pair_counts, *([] if self.within is None else [self.within])]
        said = (self.tokens, self.min_count, self.provenance)
        with Writer(path, *said, tells_within=self.within is not None) as file:
            file.write(self._current, *columns)

    @classmethod
    def load(cls, path: Path | str, tokenizer: Vocabulary | None = None) -> "Counts":
        """Reads what `save` wrote; `tokenizer` is that of the model the counts are to be used for.

        Raises: InputError if the file is not one of ours, is damaged, or of another tokenizer.
        """
        counts = cls(*counts_file.read(path))
        if tokenizer is not None and counts.provenance.get(TOKENIZER_HASH) != tokenizer.sha256:
            own = counts.provenance
            raise InputError(
                f"{path} was counted with the tokenizer {own.get('tokenizer', 'of unknown name')}"
                f" (V = {counts.vocab_size}, hash {own.get(TOKENIZER_HASH, 'unknown')[:8]}); "
                f"expected this model's (V = {len(tokenizer)}, hash {tokenizer.sha256[:8]})"
            )
        return counts

    def _ids(self, token_ids: np.ndarray | int) -> np.ndarray:
        return checked(np.asarray(token_ids), self.vocab_size).astype(np.int64)


def _offsets(current: np.ndarray, vocab_size: int) -> np.ndarray:
    sizes = np.bincount(current, minlength=vocab_size)  # (V,)
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)  # (V + 1,)

"""What all figures of one run are drawn from, each part computed once, when it is first needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from detok.bundled import BUNDLED, excerpts
from detok.counting.choice import usable_counts_for
from detok.counting.counts import Counts
from detok.errors import InputError
from detok.heads.auroc import Auroc, auroc
from detok.heads.summary import auroc_summary, sample_of_tokens
from detok.model.inputs import check_heads
from detok.model.layer import Layer
from detok.scores.mean_contributions import MeanContributions, mean_contributions
from detok.tables import affinity, frequency
from detok.tables.common import leader
from detok.version import __version__

# The heads and the number of positions of the paper's figures.
PAPER_MODELS = ("gpt2", "openai-community/gpt2")
PAPER_HEADS = [1, 7]
PAPER_L = 1024

N_PAIRED = 100  # tokens between which Tᵉᵉ is drawn
N_TOKENS = 2048  # whose AUROC is averaged
N_TEXTS = 40  # over which contributions are averaged


@dataclass(frozen=True, eq=False)
class Setting:
    """A layer with its counts, and the choices that are not the paper's to make."""

    layer: Layer
    counts: Counts | None
    refused: str | None  # why a file of counts is not used
    chosen: list[int] | None  # heads
    token: int | None  # of Fig. 2-C
    n_tokens: int | None  # None for all
    n_texts: int
    seed: int

    @classmethod
    def of(
        cls,
        layer: Layer,
        *,
        heads: Sequence[int] | None = None,
        token: int | str | None = None,
        n_tokens: int | None = N_TOKENS,
        n_texts: int = N_TEXTS,
        seed: int = 0,
    ) -> "Setting":
        """The setting of a layer, with the counts that fit its tokenizer.

        Raises: InputError for a head or token that the model does not have.
        """
        chosen = None if heads is None else check_heads(layer, heads)
        token_id = None if token is None else layer.token_id(token)
        counts, refused = usable_counts_for(layer)
        return cls(layer, counts, refused, chosen, token_id, n_tokens, n_texts, seed)

    @property
    def model(self) -> str:
        """Which model, at which commit."""
        source = self.layer.source
        if source.revision is not None:
            return f"{self.layer.name}, commit {source.revision}"
        if source.model_id in BUNDLED:
            return f"{self.layer.name}, bundled with detok {__version__}"
        return f"{(source.weights or source.folder).name}, a local checkpoint without a commit"

    @cached_property
    def heads(self) -> list[int]:
        """The heads that are drawn alone: the paper's for GPT-2, else two that differ as those do.

        These are the best by AUROC, and among the others the one in which most tokens have their
        own copy for best partner. Without counts, the ones in which most and fewest do.
        """
        if self.chosen is not None:
            return self.chosen
        if self.layer.name in PAPER_MODELS:
            return PAPER_HEADS
        pairs = affinity.pairs(self.layer, self.paired, list(range(self.layer.n_heads)))
        copying = affinity.own_copies(pairs)["head"].tolist()
        other = copying[-1] if self.counts is None else self.best_head
        return sorted({other, next((head for head in copying if head != other), other)})

    @property
    def heads_reason(self) -> str:
        """Why these heads are drawn alone, in a sentence."""
        if self.chosen is not None:
            return "The heads are those asked for."
        if self.layer.name in PAPER_MODELS:
            return "The heads are the paper's."
        other = (
            "and the one in which fewest do"
            if self.counts is None
            else "and the best by AUROC (Fig. 2-D)"
        )
        return (
            "The heads, here and where two are drawn alone: the one in which most of these tokens "
            f"have their own copy for best partner, {other}."
        )

    @cached_property
    def paired(self) -> list[int]:
        """The tokens between which Tᵉᵉ is drawn."""
        return affinity.sampled_tokens(self.layer, self.seed, N_PAIRED)

    def position(self, i: int) -> int:
        """The paper's position i, or in a shorter model the one that is as far along."""
        L = self.layer.n_positions
        return i if L >= PAPER_L else i * L // PAPER_L

    def needed_counts(self) -> Counts:
        """The counts; raises an InputError where there are none."""
        if self.counts is None:
            reason = f" ({self.refused})" if self.refused else ""
            raise InputError(
                f"there are no counts for this model's tokenizer{reason}; expected a file that "
                "`python -m detok count` made, in DETOK_COUNTS or beside the model"
            )
        return self.counts

    @property
    def counted(self) -> str:
        """Which counts these are."""
        counts = self.needed_counts()
        return f"Counts: {counts.tokens.sum():,} tokens of {counts.origin}."

    @cached_property
    def areas(self) -> Auroc:
        """The AUROC of a random sample of tokens, or of all."""
        counts, V = self.needed_counts(), self.layer.vocab_size
        n = V if self.n_tokens is None else self.n_tokens
        return auroc(self.layer, counts, sample_of_tokens(V, n, self.seed))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The AUROC by head."""
        return auroc_summary(self.areas, self.needed_counts())

    @property
    def best_head(self) -> int:
        """The head of the largest mean AUROC."""
        return int(leader(self.summary, "mean")["head"])

    @cached_property
    def frequencies(self) -> pd.DataFrame:
        """Tᵉ and Var(e) of every token beside its count."""
        return frequency.tokens(self.layer, self.needed_counts())

    @cached_property
    def rho(self) -> dict[str, float]:
        """Spearman's ρ with the count, by the name of the measure."""
        table = frequency.correlations(self.frequencies)
        return dict(zip(table["measure"], table["rho"], strict=True))

    @cached_property
    def texts(self) -> list[list[int]]:
        """The bundled excerpts in the model's tokens."""
        self.layer.tokenizer.check_encodes()
        encode = self.layer.tokenizer.backend.encode_batch
        texts = encode(excerpts()["text"].tolist(), add_special_tokens=False)
        return [text.ids for text in texts]

    @cached_property
    def contributions(self) -> MeanContributions:
        """The contributions of the six terms over a sample of the excerpts."""
        n = min(self.n_texts, len(self.texts))
        return mean_contributions(self.layer, self.texts, sample=n, seed=self.seed)

    @cached_property
    def piece(self) -> int:
        """The token of Fig. 2-C: the paper's where it is one, else a piece of a word, else any."""
        if self.token is not None:
            return self.token
        counts, vocabulary = self.needed_counts(), self.layer.tokenizer
        n_past = np.diff(counts.offsets)
        has_curve = (n_past > 0) & (n_past < self.layer.vocab_size - len(self.layer.holes))
        for text in ("iens", " Jackson", " sapiens", " tranquil"):
            try:
                token = vocabulary.encode(text)[-1]
            except (InputError, IndexError):
                continue
            if token < len(has_curve) and has_curve[token]:
                return token
        return int(np.where(has_curve, n_past, -1).argmax())

"""Counts texts, or token ids, in memory."""

from collections.abc import Iterable, Iterator

import numpy as np

from detok.counting.counts import Counts
from detok.counting.encoding import Encoder, batches, named_vocabulary
from detok.counting.pairs import PairCounter
from detok.counting.pieces import Piece, pieces_of
from detok.counting.provenance import provenance_of, today
from detok.counting.runs import State
from detok.errors import InputError
from detok.model.vocabulary import Vocabulary

# Token ids read at once, which may be of a memory map.
BLOCK = 1 << 17


def count_ids(
    ids: np.ndarray,
    vocab_size: int,
    end_of_text: int | None = None,
    provenance: dict[str, str] | None = None,
) -> Counts:
    """Counts the tokens and the pairs of neighbours of a corpus given as token ids, exactly.

    `ids` (n,) may be a memory map. Documents are separated by the token `end_of_text`, which is
    counted as a token but in no pair; with None the corpus is one document.

    Raises: InputError for ids that are no integers (n,), or out of range.
    """
    counter = PairCounter(vocab_size, [] if end_of_text is None else [end_of_text])
    carried = 0
    for start in range(0, len(ids), BLOCK):
        # One id more than the block, with which its first pair begins.
        counter.add(np.asarray(ids[start - carried : start + BLOCK]), carried=carried)
        carried = 1
    return Counts.of(*counter.take(), provenance, tells_within=False)


def count(
    texts: Iterable[str],
    tokenizer: Vocabulary | str,
    *,
    corpus: str = "the texts that were given to detok.count",
) -> Counts:
    """Counts the tokens and the pairs of neighbours of texts, exactly; for files see `count_files`.

    Each text is a document, and no pair crosses documents. Special tokens are none of the texts'
    own: where a text holds one, such as "<|endoftext|>", it is counted as a token but in no pair.
    `tokenizer` is a layer's, or "mini", a hub id, or a folder.

    Raises: InputError for what is no text, or CheckpointError if there is no such tokenizer.
    """
    vocabulary, name = named_vocabulary(tokenizer)
    if isinstance(texts, str):
        raise InputError("texts is one text; expected several, such as a list")
    encoder = Encoder.of(vocabulary)
    tally = encoder.tally()
    total, last = State(), None
    for batch in batches(_pieces(texts, encoder.cuts)):
        last = tally.add(batch, last)
        total.documents += sum(piece.is_new_document for piece in batch)
    total.tokens = tally.total
    provenance = provenance_of(
        vocabulary.sha256, total, corpus=corpus, tokenizer=name, date=today()
    )
    return Counts.of(*tally.take(), provenance, tells_within=True)


def _pieces(texts: Iterable[str], cuts: bool) -> Iterator[Piece]:
    for n, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"texts[{n}] is a {type(text).__name__}; expected a text")
        try:
            if text:
                yield from pieces_of(text.encode(), cuts)
        except UnicodeEncodeError as error:
            raise InputError(
                f"texts[{n}] has {text[error.start]!r} at character {error.start}, half of a "
                "surrogate pair; expected Unicode text"
            ) from error

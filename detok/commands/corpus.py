"""`python -m detok corpus`: what a file of counts says of its corpus."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from detok.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from detok.counting.counts import Counts
    from detok.model.layer import Layer
    from detok.model.vocabulary import Vocabulary


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    corpus = commands.add_parser(
        "corpus",
        help="say what a file of counts holds",
        description="Says what a file of counts holds: how many tokens, how much of the vocabulary "
        "occurs, the most frequent and the most bound pairs, the words that the tokenizer splits, "
        "and the tokens never seen.",
        epilog="PMI is log₂ of how many times more often two tokens are neighbours than chance "
        "makes them.",
    )
    corpus.set_defaults(run=_run)
    corpus.add_argument("file", metavar="FILE", help="a file of counts (.parquet)")
    names = corpus.add_mutually_exclusive_group()
    names.add_argument(
        "--tokenizer",
        help="that of the counts: mini, a hub id, a folder (default: as they name it)",
    )
    names.add_argument(
        "--model",
        help="says of tokens never seen whether its embeddings show little training; one with "
        "learned positions",
    )
    corpus.add_argument("--top", type=int, default=20, help="rows of each list (default: 20)")


def _run(options: argparse.Namespace) -> None:
    from detok.counting.counts import Counts
    from detok.counting.counts_file import read_provenance

    if options.top < 1:
        raise InputError(f"--top is {options.top}; expected at least 1")
    provenance = read_provenance(options.file)
    layer = None
    if options.model is not None:
        from detok.model.inputs import check_learned
        from detok.model.layer import load

        layer = load(options.model)
        check_learned(layer)
        vocabulary = layer.tokenizer
    else:
        vocabulary = _tokenizer(options.tokenizer, provenance)
    counts = Counts.load(options.file, vocabulary)
    if layer is not None:
        counts.padded(layer.vocab_size)  # refuses a model of fewer tokens
    for line in _lines(counts, vocabulary, layer, options):
        sys.stdout.write(f"{line}\n")


def _tokenizer(named: str | None, provenance: Mapping[str, str]) -> "Vocabulary | None":
    """The one that is asked for, or the one that the counts name if it can be had."""
    from detok.counting.encoding import named_vocabulary
    from detok.counting.provenance import TOKENIZER_HASH

    if named is not None:
        return named_vocabulary(named)[0]
    name = provenance.get("tokenizer", "")
    try:
        vocabulary = named_vocabulary(name)[0] if name else None
    except InputError:
        vocabulary = None
    if vocabulary is None or vocabulary.sha256 != provenance.get(TOKENIZER_HASH):
        sys.stderr.write(
            f"Tokens are shown by their ids: the tokenizer {name or 'of unknown name'}, with which "
            "they were counted, is not here or has changed; name it with --tokenizer or --model.\n"
        )
        return None
    return vocabulary


def _lines(
    counts: "Counts",
    vocabulary: "Vocabulary | None",
    layer: "Layer | None",
    options: argparse.Namespace,
) -> Iterator[str]:
    from detok.tables import corpus as tables

    top = options.top
    missing = [] if vocabulary is None else vocabulary.missing
    held = tables.coverage(counts, missing)
    documents = counts.provenance.get("documents", "")
    is_number = documents.isdecimal() and len(documents) < 20  # Python refuses endless ones
    yield f"{Path(options.file).name}: counts of {counts.origin}"
    if datasets := counts.provenance.get("datasets"):
        yield f"  data sets     {datasets}"
    yield f"  tokens        {held.tokens:,}" + (
        f" of {int(documents):,} documents" if is_number else ""
    )
    share = f" ({held.types / held.vocab_size:.1%})" if held.vocab_size else ""
    yield f"  vocabulary    {held.types:,} of {held.vocab_size:,} tokens occur{share}"
    yield f"  half          of the text is the {held.half:,} most frequent tokens"
    yield f"  seen once     {held.once:,} tokens"
    rare = "" if counts.min_count == 1 else f", of those seen at least {counts.min_count} times"
    yield f"  pairs         {held.different_pairs:,} different ones{rare}"
    yield "  inside words  " + (
        "not known: of token ids, or counted by an older version"
        if held.within is None
        else f"{held.within / max(held.pairs, 1):.1%} of the pairs"
    )

    def shown(pairs: "pd.DataFrame") -> Iterator[str]:
        if pairs.empty:
            yield "  none"
            return
        yield f"  {'count':>12}  {'PMI':>6}  pair"
        for past, current, n, bits in pairs.itertuples(index=False):
            names = f"{_name(past, vocabulary)} {_name(current, vocabulary)}"
            yield f"  {n:>12,}  {bits:>6.2f}  {names}"

    yield "\nMost frequent pairs"
    yield from shown(tables.frequent_pairs(counts, top))
    yield f"\nMost bound pairs, of those seen at least {tables.LEAST_BOUND} times"
    yield from shown(tables.bound_pairs(counts, top))
    if held.within is not None and vocabulary is not None:
        yield "\nWords that the tokenizer splits in two, and how often at least they occur"
        words = tables.split_words(counts, vocabulary, top)
        for past, current, word, n in words.itertuples(index=False):
            pieces = f"{_name(past, vocabulary)} {_name(current, vocabulary)}"
            yield f"  {n:>12,}  {word:<20}  {pieces}"
        if words.empty:
            yield "  none that is known to be whole"
    yield from _never_seen(counts, vocabulary, layer, missing, top)


def _never_seen(
    counts: "Counts",
    vocabulary: "Vocabulary | None",
    layer: "Layer | None",
    missing: list[int],
    top: int,
) -> Iterator[str]:
    from detok.tables import corpus as tables

    by = None if layer is None else tables.indicators(layer)
    table = tables.never_seen(counts, missing, by)
    yield f"\nTokens never seen: {len(table):,}" + (f", of which {top}" if len(table) > top else "")
    if layer is None or by is None:
        for token_id in table["token_id"].head(top):
            yield f"  {_name(token_id, vocabulary)}"
        return
    titles = {"norm": "|e|", "variance": "Var(e)", "distance": "1 - cos"}
    names = [name for name in titles if not by[name].isna().all()]
    yield f"  By the embeddings e of {layer.name}: their norm, as Land and Bartolo (2024) look for"
    yield "  tokens with little training, and Var(e), which LayerNorm sees;"
    yield (
        "  1 - cos is the distance to the mean of tokens of bytes that no text has, nearest first"
        if "distance" in names
        else "  the smallest norm first, as no token is of a byte that no text has"
    )
    yield "  " + "  ".join(f"{titles[name]:>9}" for name in names) + "  token"
    for row in table.head(top).itertuples(index=False):
        values = "  ".join(f"{getattr(row, name):>9.4g}" for name in names)
        yield f"  {values}  {_name(row.token_id, vocabulary)}"
    seen = by.loc[(counts.tokens > 0).nonzero()[0]].median()
    if (counts.tokens > 0).any():
        values = "  ".join(f"{seen[name]:>9.4g}" for name in names)
        yield f"  {values}  (median of the tokens that occur)"


def _name(token_id: int, vocabulary: "Vocabulary | None") -> str:
    return f"#{token_id}" if vocabulary is None else vocabulary.show(int(token_id))

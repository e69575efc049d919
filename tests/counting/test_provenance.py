"""Where counts come from, as their file says."""

from pathlib import Path

import detok
from detok.bundled import BUNDLED
from detok.model.vocabulary import Vocabulary
from tests.support.corpora import SMALL, write
from tests.support.models import byte_tokenizer


def test_where_counts_come_from(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog", "", "a cat"])
    out = tmp_path / "counts.parquet"
    summary = detok.count_files([folder], "mini", out, corpus="two pets", note="None is a bird.")
    counts = detok.Counts.load(out)
    assert counts.origin == "two pets"
    provenance = dict(counts.provenance)
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
    assert (summary.documents, summary.pairs) == (2, len(counts.past))


def test_the_path_of_a_tokenizer_is_not_put_down(tmp_path: Path) -> None:
    folder = tmp_path / "private" / "pets"
    folder.mkdir(parents=True)
    SMALL.backend.save(str(folder / "tokenizer.json"))
    assert detok.count(["the dog"], str(folder)).provenance["tokenizer"] == "pets"


def test_the_hash_is_of_the_vocabulary_whatever_its_files(tmp_path: Path) -> None:
    backend = byte_tokenizer(300)
    backend.save(str(tmp_path / "tokenizer.json"))
    newer = Vocabulary.from_folder(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    backend.model.save(str(tmp_path))
    assert Vocabulary.from_folder(tmp_path).sha256 == newer.sha256 == Vocabulary(backend).sha256

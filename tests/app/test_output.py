"""What a visitor is told of the counts that a page uses."""

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import cached, output
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH


def notice(model: str) -> str:
    """What the page shows that asks for the counts of a model."""

    def script(model: str) -> None:
        from detok.app import cached, output

        layer = cached.load_layer(model)
        output.counts_notice(layer)

    cached.counts_of.clear()
    test = AppTest.from_function(script, args=(model,), default_timeout=60).run()
    assert not test.exception, test.exception
    shown = "\n".join(e.value for e in [*test.warning, *test.info, *test.caption])
    return shown.replace("\\", "")


def test_the_page_says_which_counts_and_how_to_use_others() -> None:
    shown = notice("mini")
    n_tokens = detok.counts_for(detok.load("mini")).tokens.sum()
    counted = f"Counts: {n_tokens:,} tokens of the public-domain books that mini was trained on"
    assert counted in shown
    assert "python -m detok count --tokenizer mini --out counts.parquet FOLDER" in shown
    assert "DETOK_COUNTS=counts.parquet" in shown
    assert "not used" not in shown


def test_a_page_without_counts_says_how_to_make_some(checkpoint: Path) -> None:
    shown = notice(str(checkpoint))
    assert "no token counts" in shown
    assert f"--tokenizer {checkpoint} --out" in shown


def test_a_page_passes_over_counts_that_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, layer: detok.Layer
) -> None:
    known = {"tokenizer": "ours", TOKENIZER_HASH: layer.tokenizer.sha256}
    count_ids(np.array([1, 2]), layer.vocab_size, None, known).save(tmp_path / "own.parquet")
    monkeypatch.setenv("DETOK_COUNTS", str(tmp_path / "own.parquet"))
    shown = notice("mini")
    assert "own.parquet was counted with the tokenizer ours (V = 300" in shown
    assert "the public-domain books that mini was trained on" in shown


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x",
        "HTTP://evil.example",
        "see www.evil.example",
        "a.b+c@evil.example",
        "mailto:a@evil.example",
        "[x](https://evil.example)",
        "<img src=https://evil.example>",
    ],
)
def test_an_address_is_shown_and_is_no_link(text: str) -> None:
    """Browsers make links of these, escaped or not; tests/browser has one that does."""
    escaped = output.escaped(text)
    assert not re.search(r"https?\\?:|www\\?\.|\w@", escaped, re.IGNORECASE)
    assert escaped.replace("\\", "").replace("\N{WORD JOINER}", "") == text


@pytest.mark.parametrize("text", ["www", " https", "://", "http", "a: b.", "e-mail", "10 %"])
def test_a_piece_of_an_address_is_left_as_it_is(text: str) -> None:
    assert output.escaped(text).replace("\\", "") == text

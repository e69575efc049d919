"""The page of a visitor's own corpus, and what the other pages make of the counts."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import corpus, own_counts, store
from detok.counting import apart
from tests.support.pages import figures, finish, run, succeed, texts

PAGE = "pages/14_Your_corpus.py"
WORDS = "The tranquil librarian was unfit, and Sherlock Holmes slept. "
# With what each is opened, and the figures on it that are made of counts.
USE_COUNTS = {
    "pages/1_Token_affinity.py": ({"text": " tranquil", "head": "0"}, {"affinity"}),
    "pages/5_Detokenizing_heads.py": ({"text": " tranquil"}, {"pair-auroc", "auroc"}),
    "pages/6_Token_frequency.py": ({}, {"self-assertion"}),
    "pages/12_Compare.py": ({"head": "0", "head_right": "1"}, {"heads"}),
}


@pytest.fixture(autouse=True)
def quiet_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DETOK_CACHE", str(tmp_path / "cache"))
    store.clear()
    yield
    store.clear()


def upload(test: AppTest, *files: tuple[str, bytes]) -> AppTest:
    test.file_uploader[0].set_value([(*file, "application/octet-stream") for file in files])
    return succeed(test.run())


def press(test: AppTest, label: str) -> AppTest:
    next(button for button in test.button if button.label == label).click()
    return succeed(test.run())


def counted(*files: tuple[str, bytes], page: AppTest | None = None) -> AppTest:
    """The page once these files were counted."""
    test = upload(run(PAGE) if page is None else page, *files)
    return finish(press(test, "Count"))


def opened(test: AppTest, page: str, **query: str) -> AppTest:
    """Another page of the same visitor."""
    test.switch_page(page)
    test.query_params.clear()
    test.query_params.update(query)
    return succeed(test.run())


def test_texts_are_counted_and_their_counts_used() -> None:
    test = counted(("mine.txt", (WORDS * 30).encode()))
    layer = detok.load("mini")
    expected = detok.count([WORDS * 30], layer.tokenizer)
    own = test.session_state["own_counts"]
    found = detok.Counts.load(own.path, layer.tokenizer)
    np.testing.assert_array_equal(found.tokens, expected.tokens)
    np.testing.assert_array_equal(found.within, expected.within)
    assert found.provenance["tokenizer"] == "mini"
    said = texts(test)
    assert f"Counts: {expected.tokens.sum():,} tokens of mine.txt, your own" in said
    assert [metric.value for metric in test.metric][:2] == ["1", f"{expected.tokens.sum():,}"]
    shown = figures(test)
    assert shown.keys() == {"split-words", "bound-pairs", "frequent-pairs"}
    assert set(shown["frequent-pairs"].table["count"]) <= set(expected.pair_counts)
    assert test.query_params["counts"] in (own.label, [own.label])


@pytest.mark.parametrize("page", USE_COUNTS)
def test_other_pages_use_them_and_only_those_of_this_visitor(page: str) -> None:
    query, of_counts = USE_COUNTS[page]
    before = figures(run(page, **query))
    test = opened(counted(("mine.txt", (WORDS * 30).encode())), page, **query)
    own, mine = test.session_state["own_counts"], figures(test)
    assert "tokens of mine.txt, your own, in this session alone" in texts(test)
    assert test.query_params["counts"] in (own.label, [own.label])
    stranger = run(page, **query)
    assert "mine.txt" not in texts(stranger)
    assert "counts" not in stranger.query_params
    for name in of_counts:
        assert own.sha256 in mine[name].about["counts"], name
        assert not mine[name].table.equals(before[name].table), name
    for name, figure in figures(stranger).items():
        assert own.sha256 not in json.dumps(figure.about), name
        pd.testing.assert_frame_equal(figure.table, before[name].table, obj=name)
        assert figure.code == before[name].code


@pytest.mark.parametrize("page", [PAGE, *USE_COUNTS])
def test_the_lines_give_the_table_beside_the_file(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, _ = USE_COUNTS.get(page, ({}, set()))
    test = opened(counted(("mine.txt", (WORDS * 30).encode())), page, **query)
    own = test.session_state["own_counts"]
    (tmp_path / own.file_name).write_bytes(own.path.read_bytes())
    monkeypatch.chdir(tmp_path)
    for figure in figures(test).values():
        names: dict = {}
        exec(figure.code, names)
        table, shown = (each.reset_index(drop=True) for each in (names["table"], figure.table))
        pd.testing.assert_frame_equal(table, shown, obj=figure.name)


def test_the_file_that_one_takes_along_is_used_again() -> None:
    first = counted(("mine.txt", WORDS.encode())).session_state["own_counts"]
    test = counted((first.file_name, first.path.read_bytes()))
    again = test.session_state["own_counts"]
    assert (again.sha256, again.label) == (first.sha256, first.label)
    assert "tokens of mine.txt, your own" in texts(test)


def test_one_goes_back_to_the_models_own_counts() -> None:
    test = counted(("mine.txt", WORDS.encode()))
    folder = test.session_state["own_counts"].path.parent
    press(test, "Go back to the model's own counts")
    assert "your own, in" not in texts(test)
    assert "counts" not in test.query_params
    assert not folder.exists()


def test_a_link_says_which_counts_it_was_made_with() -> None:
    test = counted(("mine.txt", WORDS.encode()))
    label = test.session_state["own_counts"].label
    stranger = run("pages/6_Token_frequency.py", counts=label)
    assert f"made with counts of somebody's own: “{label}”" in texts(stranger)
    assert "counts" not in stranger.query_params
    opened(test, "pages/6_Token_frequency.py", counts=label)
    assert "somebody's own" not in texts(test)


def test_counts_of_another_tokenizer_are_not_used(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = counted(("mine.txt", WORDS.encode()), page=run(PAGE, model="mini"))
    opened(test, "pages/6_Token_frequency.py", model=str(checkpoint))
    assert "Your own counts, of mine.txt, are of another tokenizer" in texts(test)
    assert "no token counts" in texts(test)
    assert "counts" not in test.query_params


BAD = {
    "empty": ("a.txt", b"", "no document to count"),
    "no UTF-8": ("a.txt", b"\xff\xfe\xff", "not UTF-8"),
    "no such column": ("a.jsonl", b'{"body": "x"}\n', "without the column 'text'"),
    "broken lines": ("a.jsonl", b"{{{", "broken lines"),
    "no Parquet": ("a.parquet", b"PAR1 not really", "Parquet"),
    "no gzip": ("a.txt.gz", b"not really", "expected gzip"),
    "compressed what": ("a.gz", b"not really", "of no kind that detok reads"),
}


@pytest.mark.parametrize(("name", "data", "said"), BAD.values(), ids=BAD)
def test_a_bad_file_is_named_in_a_sentence(name: str, data: bytes, said: str) -> None:
    test = counted((name, data))
    (error,) = test.error
    assert said in error.value.replace("\\", "")
    assert "/tmp" not in error.value
    assert "own_counts" not in test.session_state
    counted(("b.txt", WORDS.encode()), page=test)
    assert "tokens of b.txt, your own" in texts(test)
    assert not test.error


def test_a_damaged_file_of_counts_is_refused_and_the_last_ones_stay() -> None:
    test = counted(("mine.txt", WORDS.encode()))
    own = test.session_state["own_counts"]
    data = bytearray(own.path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    counted((own.file_name, bytes(data)), page=test)
    assert len(test.error) == 1
    assert test.session_state["own_counts"] is own


def test_more_tokens_than_the_operator_has_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETOK_MAX_CORPUS", "1000")
    test = counted(("mine.txt", (WORDS * 200).encode()))
    (error,) = test.error
    assert "more than 1,000 tokens" in error.value.replace("\\", "")


def test_what_the_operator_has_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not run(PAGE).multiselect
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "theirs.txt").write_text(WORDS)
    monkeypatch.setenv("DETOK_CORPORA", str(tmp_path / "texts"))
    test = run(PAGE)
    test.multiselect[0].select("texts/theirs.txt")
    finish(press(succeed(test.run()), "Count"))
    assert "tokens of theirs.txt, your own" in texts(test)


def test_a_count_can_be_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nexec sleep 600\n")
    endless.chmod(0o755)
    monkeypatch.setattr(apart.sys, "executable", str(endless))
    test = press(upload(run(PAGE), ("mine.txt", WORDS.encode())), "Count")
    assert test.get("progress")
    press(test, "Cancel")
    deadline = time.monotonic() + 30
    while corpus_job(test).is_under_way:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    succeed(test.run())
    assert "Stopped after" in texts(test)
    assert "own_counts" not in test.session_state


def corpus_job(test: AppTest):  # noqa: ANN201
    return test.session_state[corpus._JOB]


def test_what_all_visitors_get_is_not_made_of_the_counts_of_one() -> None:
    @store.kept(max_entries=1)
    def careless(layer: detok.Layer) -> object:
        return own_counts.of(layer)

    with pytest.raises(RuntimeError, match="all visitors"):
        careless(detok.load("mini"))

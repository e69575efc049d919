"""The page of detokenizing heads: every control acts, and a long run is watched and cancelled."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import cached, disk_cache, jobs, store
from detok.app.jobs import Job
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from detok.heads.baselines import Baselines
from detok.heads.measured import Measured, measured_on_sample
from detok.heads.summary import sample_of_tokens
from detok.tables import heads as tables
from tests.support.models import byte_tokenizer, random_model
from tests.support.pages import files, run, succeed, texts

pytestmark = pytest.mark.slow

HEADS = "pages/5_Detokenizing_heads.py"


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of its own, and samples that take no time."""
    monkeypatch.setenv("DETOK_CACHE", str(tmp_path))
    monkeypatch.setattr(cached, "SAMPLE_SIZE", 40)
    store.clear()
    yield
    store.clear()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tokens are four hundred of them, so that the whole table takes no time."""

    def of_few(layer: detok.Layer, counts: Counts, progress: Any) -> Measured:
        V = layer.vocab_size
        found = measured_on_sample(layer, counts, 400, 0)
        progress(2 * V, 2 * V)
        some = found.areas.tokens
        areas, pairs, own, own_pairs = (
            spread(part, some, V)
            for part in (found.areas, found.pairs, found.baselines.auroc, found.baselines.pair)
        )
        return Measured(areas, pairs, Baselines(own, own_pairs))

    monkeypatch.setattr(cached, "measured", of_few)


def spread(part: Any, tokens: np.ndarray, V: int) -> Any:
    """The same as if it were of all V tokens, with nothing of the others."""
    fields = {}
    for name, values in vars(part).items():
        nothing = np.nan if name == "area" else -1 if name == "best" else 0
        fields[name] = np.full((*values.shape[:-1], V), nothing, values.dtype)
        fields[name][..., tokens] = values
    return type(part)(**fields | {"tokens": np.arange(V)})


def wait(job: Job) -> None:
    deadline = time.monotonic() + 60
    while job.is_under_way:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def button(test: AppTest, label: str) -> Any:
    return next(b for b in test.button if b.label.startswith(label))


def test_the_sample_is_what_the_library_computes() -> None:
    layer = detok.load("mini")
    counts = Counts.load(layer.source.folder / "counts.parquet")
    test = run(HEADS, head="2", sample="3")
    sample = sample_of_tokens(layer.vocab_size, 40, 3)
    expected = detok.auroc_summary(detok.auroc(layer, counts, sample), counts)
    found = measured_on_sample(layer, counts, 40, 3)
    pairs = tables.pairs(found, counts)
    for shown, table in zip(test.dataframe[:2], (pairs, expected), strict=True):
        np.testing.assert_allclose(shown.value["mean"], table["mean"])
        np.testing.assert_allclose(shown.value["mean_high"], table["mean_high"])
    said = texts(test)
    assert f"Head {pairs['mean'].idxmax()} knows most about pairs" in said
    assert f"By the paper's measure head {expected['mean'].idxmax()} has most" in said
    assert said.index("knows most about pairs") < said.index("By the paper's measure")
    frequency = found.baselines.auroc.mean()[0]
    assert f"Ranking tokens by how often they occur has {frequency:.3f}" in said
    assert "a random sample of 40 of all 2,048 tokens" in said
    assert not [words for words in ("blind", "tells true") if words in said]
    assert len(set(files(test).values())) == 9


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("4")


def change_sample(test: AppTest) -> None:
    test.number_input(key="sample").set_value(9)


def change_convention(test: AppTest) -> None:
    test.toggle(key="authors").set_value(True)


def change_text(test: AppTest) -> None:
    test.text_input(key="text").input("happiness")


def change_token(test: AppTest) -> None:
    test.selectbox(key="token").select_index(0)


def change_k(test: AppTest) -> None:
    test.number_input(key="k").set_value(4)


def change_least(test: AppTest) -> None:
    test.number_input(key="least").set_value(300)


@pytest.mark.parametrize(
    "change",
    [
        change_head,
        change_sample,
        change_convention,
        change_text,
        change_token,
        change_k,
        change_least,
    ],
)
def test_every_control_changes_something(change: Callable[[AppTest], None]) -> None:
    # In these forty tokens there is one without a predecessor.
    test = run(HEADS, head="0", sample=str(_sample_with_one_left_out()))
    before, said = files(test), texts(test)
    change(test)
    succeed(test.run())
    assert files(test) != before
    assert texts(test) != said


def _sample_with_one_left_out() -> int:
    n_past = np.diff(cached.load_counts(cached.load_layer("mini")).offsets)
    return next(s for s in range(99) if not n_past[sample_of_tokens(len(n_past), 40, s)].all())


@pytest.mark.usefixtures("quick")
def test_all_tokens_are_computed_once_for_all_visitors_and_kept() -> None:
    first, second = run(HEADS), run(HEADS)
    assert "Compute all 2,048 tokens" in [b.label for b in second.button]
    succeed(button(first, "Compute all").click().run())
    wait(cached.heads_job(cached.load_layer("mini")))
    for visitor in (first, second):
        succeed(visitor.run())
        assert "Over all 2,048 tokens" in texts(visitor)
        assert not [b for b in visitor.button if b.label.startswith("Compute")]
        for table in visitor.dataframe[:2]:
            assert "mean_low" not in table.value
        assert not [n for n in visitor.number_input if n.key == "sample"]
    # A new server finds it on disk.
    store.clear()
    assert "Over all 2,048 tokens" in texts(run(HEADS))


def slow(layer: detok.Layer, counts: Counts, progress: Any) -> Measured:
    for done in range(2000):
        progress(done, 2000)
        time.sleep(0.02)
    raise AssertionError("nobody cancelled")


def labels(test: AppTest) -> list[str]:
    return [b.label.split()[0] for b in test.button if b.label.split()[0] in ("Cancel", "Compute")]


def test_a_second_visitor_sees_it_under_way_and_cannot_cancel_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cached, "measured", slow)
    first = run(HEADS)
    succeed(button(first, "Compute all").click().run())
    second = run(HEADS)
    assert labels(first) == ["Cancel"]
    assert labels(second) == ["Compute"]
    assert second.get("progress")[0].proto.text.startswith("For another visitor: ")
    job = cached.heads_job(cached.load_layer("mini"))
    # It is the second visitor's, too, when asked for.
    succeed(button(second, "Compute all").click().run())
    assert labels(second) == ["Cancel"]
    button(first, "Cancel").click().run()
    succeed(first.run())
    assert labels(first) == ["Compute"]
    assert "it ends as soon as nobody else wants it" in texts(first)
    done = job.done
    time.sleep(0.5)
    assert job.is_under_way
    assert job.done > done
    button(second, "Cancel").click().run()
    wait(job)
    assert (job.state, job.result) == ("cancelled", None)
    for visitor in (first, second):
        succeed(visitor.run())
        assert "nothing of them is kept" in texts(visitor)
        assert labels(visitor) == ["Compute"]
    assert "Stopped" not in texts(run(HEADS))
    layer = cached.load_layer("mini")
    assert disk_cache.load(layer, cached.load_counts(layer)) is None


@pytest.mark.parametrize("goes_to", ["pages/7_Replication.py", "app.py"])
def test_it_ends_when_the_visitor_goes_to_another_page(
    goes_to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "measured", slow)
    monkeypatch.setattr(jobs, "GRACE_S", 0.2)
    test = run(HEADS)
    succeed(button(test, "Compute all").click().run())
    job = cached.heads_job(cached.load_layer("mini"))
    succeed(test.run())
    time.sleep(0.6)
    assert job.is_under_way
    succeed(test.switch_page(goes_to).run())
    wait(job)
    assert (job.state, job.result) == ("idle", None)


def test_a_failure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(layer: detok.Layer, counts: Counts, progress: Any) -> Measured:
        raise MemoryError

    monkeypatch.setattr(cached, "measured", broken)
    test = run(HEADS)
    succeed(button(test, "Compute all").click().run())
    wait(cached.heads_job(cached.load_layer("mini")))
    assert "computation of all tokens failed" in texts(succeed(test.run()))


def test_nothing_typed_and_a_token_without_predecessors() -> None:
    test = run(HEADS)
    succeed(test.text_input(key="text").input("").run())
    assert "Type a word" in texts(test)
    succeed(test.text_input(key="text").input("<|endoftext|>").run())
    assert "has no observed predecessor in these counts" in texts(test)


def test_too_many_predecessors_asked_for() -> None:
    test = run(HEADS, least="2048")
    assert "choose a smaller number" in texts(test)


def test_another_model_without_counts(monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> None:
    """Two heads, 300 tokens and 16 positions, which a link to another model may be beyond."""
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run(HEADS, head="7", sample="3", least="5000")
    assert "no token counts" in texts(test)
    assert test.dataframe[0].value.columns.tolist() == ["head", "diagonal_share"]
    assert test.dataframe[1].value.columns[1] == "mass_last_1_at_7"
    assert len(test.dataframe) == 2
    assert "Diagonal share" in texts(test)


# What tests can tell of a sentence that is not one: no number, or one thing in the plural.
MISTAKE = re.compile(
    r"\b(nan|inf)\b|"
    r"(?<![\d.,])1 (have|are|heads|tokens|random rankings|different predecessors)\b"
)


@pytest.mark.parametrize("n_heads", [1, 2])
@pytest.mark.parametrize("scale", [0.0, 1.0])
@pytest.mark.parametrize(("n_ids", "least"), [(2, 2), (2, 1), (3000, 1), (3000, 20)])
def test_the_smallest_models_and_texts(
    n_heads: int,
    scale: float,
    n_ids: int,
    least: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One head, equal scores, few tokens, few counts: no sentence with a hole or a false order."""
    model = random_model(n_head=n_heads, vocab_size=257)
    model.transformer.h[0].attn.c_attn.requires_grad_(False).weight *= scale
    model.transformer.h[0].attn.c_attn.bias *= scale
    model.save_pretrained(tmp_path)
    byte_tokenizer(257).save(str(tmp_path / "tokenizer.json"))
    layer = detok.load(str(tmp_path))
    ids = (np.random.default_rng(1).pareto(0.9, n_ids) * 3).astype(int) % 200
    ids[-2:] = 69, 70
    counts = count_ids(ids, 257, provenance={TOKENIZER_HASH: layer.tokenizer.sha256})
    counts.pruned(least).save(tmp_path / "counts.parquet")
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    monkeypatch.setenv("DETOK_COUNTS", str(tmp_path / "counts.parquet"))
    for sample, query in ((40, {}), (257, {"authors": "true", "least": "1"})):
        monkeypatch.setattr(cached, "SAMPLE_SIZE", sample)
        store.clear()
        said = texts(run(HEADS, text="g", **query))
        assert not MISTAKE.search(said)
        if n_heads == 1 or not scale:
            for order in ("knows most", "has most", "Most", "highest", "lowest", "other head"):
                assert order not in said
        if not scale:
            assert "does best on" not in said

"""The published numbers of GPT-2: each agrees with what is measured, and with nothing else."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

import detok
from detok.model.source import Source
from detok.replication import affinity, frequency, heads, layernorm, positions, study as measures
from detok.replication.affinity import AFFINITY
from detok.replication.check import Finding
from detok.replication.figures import FIGURES, NOTEBOOK, Rank
from detok.replication.report import CHECKS
from detok.replication.study import GPT2_SIZES, Study
from detok.tables import frequency as tables
from tests.support import claims

OPENWEBTEXT = "Skylion007/openwebtext"
CURRENT = 5


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, Path]:
    lacking = (None, "an outlier", "an untrained end")
    found = {lacks: tmp_path_factory.mktemp("model") for lacks in lacking}
    for lacks, folder in found.items():
        claims.checkpoint(folder, lacks)
    return found


@pytest.fixture(scope="module")
def layer(folders: dict[str | None, Path]) -> detok.Layer:
    return detok.load(folders[None], device="cpu")


@pytest.fixture
def study(layer: detok.Layer, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Of a small layer, whose token 5 stands for the notebook's and whose middle is position 20."""
    monkeypatch.setattr(measures, "N_SAMPLES", 20)
    monkeypatch.setattr(positions, "PAPERS_I", 20)
    monkeypatch.setitem(NOTEBOOK, "current_id", CURRENT)
    return Study(layer, claims.counts(OPENWEBTEXT))


def publish(monkeypatch: pytest.MonkeyPatch, name: str, value: Any) -> None:
    """As if the paper had that value."""
    monkeypatch.setitem(FIGURES, name, replace(FIGURES[name], value=value))


Measure = Callable[[Study], Finding]
# By the name of a figure: how it is measured, what of it is published, and what a step beyond its
# tolerance is.
NUMBERS: dict[str, tuple[Measure, Callable[[Finding], Any], float]] = {
    "sec6.3-norm-variance": (
        partial(layernorm.norm_variance, when=0),
        lambda f: [f.values["variance"], 0],
        0.006,
    ),
    "fn8-cov-ratio": (layernorm.ratio, lambda f: f.values["ratio"], 0.6),
    "fig3b-range-h1": (positions.range_of_terms, lambda f: f.values["range"], 10.5),
    "fig5-spearman-h7": (
        partial(frequency.correlation, id_="fig5-spearman-h7", head=7),
        lambda f: f.values["rho"],
        0.011,
    ),
    "fig6-spearman-var": (
        partial(frequency.correlation, id_="fig6-spearman-var", head=None),
        lambda f: f.values["rho"],
        0.011,
    ),
    "fig2d-best-head": (
        heads.best_head,
        lambda f: max(range(claims.H), key=lambda h: f.values["paper"][h]),
        1,
    ),
}


def moved(value: Any, step: float) -> Any:
    return [each + step for each in value] if isinstance(value, list) else value + step


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_agrees_within_its_tolerance(
    study: Study, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    measure, value_of, step = NUMBERS[name]
    value = value_of(measure(study))
    publish(monkeypatch, name, value)
    assert measure(study).verdict == "agrees"
    for away in (step, -step):
        publish(monkeypatch, name, moved(value, away))
        assert measure(study).verdict == "differs"
    if isinstance(value, float):
        publish(monkeypatch, name, moved(value, step * 0.8))
        assert measure(study).verdict == "agrees"


@pytest.mark.parametrize("end", [0, 1])
def test_a_range_agrees_where_samples_are(
    study: Study, monkeypatch: pytest.MonkeyPatch, end: int
) -> None:
    measure = partial(affinity.sampled_range, study, 7, end)
    found = measure().values
    for value, verdict in (
        ((found["low"] + found["high"]) / 2, "agrees"),
        (found["low"] - 0.4, "agrees"),
        (found["low"] - 0.6, "differs"),
        (found["high"] + 0.6, "differs"),
    ):
        publish(monkeypatch, "fig2b-range-h7", [value, value])
        assert measure().verdict == verdict


def test_a_diagonal_in_head_1_only(study: Study) -> None:
    own = torch.eye(measures.N_SAMPLED).expand(20, -1, -1)
    for one, seven, verdict in (
        (own, -own, "agrees"),
        (own, own, "differs"),
        (-own, -own, "differs"),
    ):
        study.samples = {1: one, 7: seven}
        assert affinity.diagonal(study).verdict == verdict


def test_a_rank_agrees_with_what_rounding_allows(study: Study, layer: detok.Layer) -> None:
    past = int(detok.affinity_scores(layer, CURRENT)[3].topk(4).indices[3])
    for rank, head, verdict in (
        (4, 3, "agrees"),
        (4, None, "agrees"),
        (200, 3, "differs"),
        (300, None, "differs"),
    ):
        published = Rank("a", "i", "j", head, rank, "Table 1")
        found = affinity.rank(study, published, CURRENT, past)
        assert found.verdict == verdict
        if head == 3:
            assert found.values["paper"] == 4
            assert found.measured.startswith("4")


def test_ranks_within_a_change_of_float16() -> None:
    scores = torch.tensor([[10.0, 10.015, 9.99, 10.03, -5.0]])
    assert affinity.possible_ranks(scores, 0).tolist() == [[2, 4]]
    assert affinity.ranks(scores, 0).tolist() == [3]


def test_the_two_largest_are_a_set(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = study.scores(CURRENT)
    for name in ("scores", "rounded_scores"):
        monkeypatch.setattr(study, name, lambda _: scores, raising=False)
    best = affinity.two_largest(study).values["paper"]
    for value, verdict in ((best[::-1], "agrees"), ([best[0], "?"], "differs")):
        publish(monkeypatch, "fig2a-iens-h7-top2", value)
        assert affinity.two_largest(study).verdict == verdict


def test_a_score_of_the_notebook(study: Study, layer: detok.Layer) -> None:
    """Both conventions are shown; the authors' rounds σ to float16."""
    true = detok.affinity_scores(layer, CURRENT)[7, 9].item()
    sigma = layer.moments.token_mean
    rounded = true * (sigma / sigma.half().float())[[CURRENT, 9]].prod().item()
    for score, verdict in ((true, "agrees"), (true * 1.004, "agrees"), (true * 1.006, "differs")):
        found = affinity.notebook_score(study, 7, 9, score)
        assert found.verdict == verdict
    assert found.measured == f"{true:.4f}"
    assert found.values["authors"] == pytest.approx(rounded, rel=1e-6)


def test_counts_of_pairs(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    n = study.counts.pair(155, 5)
    assert n > 1
    for owt_count, verdict in ((n, "agrees"), (n + 1, "agrees"), (2 * n + 2, "differs")):
        monkeypatch.setitem(NOTEBOOK, "head_7", [{"j_id": 155, "owt_count": owt_count}])
        assert affinity.pair_counts(study).verdict == verdict


@pytest.mark.parametrize(
    ("lacks", "measure", "verdict"),
    [
        (None, layernorm.ends, "agrees"),
        ("an outlier", layernorm.ends, "differs"),
        ("an untrained end", layernorm.ends, "differs"),
        (None, layernorm.flat_row, "agrees"),
        ("an untrained end", layernorm.flat_row, "differs"),
    ],
)
def test_what_is_seen_in_a_plot(
    folders: dict[str | None, Path], lacks: str | None, measure: Measure, verdict: str
) -> None:
    layer = detok.load(folders[lacks], device="cpu")
    assert measure(Study(layer, None)).verdict == verdict


@pytest.mark.parametrize("name", ["fig2d-best-head", "fig5-spearman-h1", "fig6-spearman-var"])
def test_other_counts_are_measured_but_not_judged(layer: detok.Layer, name: str) -> None:
    study = Study(layer, claims.counts("some books"))
    study.is_gpt2_small = True
    check = next(check for check in CHECKS if check.id == name)
    found = check.run(study)
    assert found.verdict == "not computable"
    assert found.reason == "needs counts of OpenWebText; measured with those of some books"
    assert found.measured
    assert check.run(_as_gpt2(Study(layer, None))).verdict == "not computable"
    assert check.run(_as_gpt2(Study(layer, claims.counts(OPENWEBTEXT)))).verdict in (
        "agrees",
        "differs",
    )


def _as_gpt2(study: Study) -> Study:
    study.is_gpt2_small = True
    return study


def test_the_best_head_by_either_convention(study: Study) -> None:
    found = heads.best_head(study)
    areas = detok.auroc(study.layer, study.counts)
    assert f"({areas.mean().max():.3f})" in found.measured
    assert f"({areas.mean('authors').max():.3f})" in found.authors


def test_correlations_are_those_of_the_frequency_page(study: Study) -> None:
    table = tables.correlations(tables.tokens(study.layer, study.counts))
    by_head, of_variance = study.correlations
    assert [of_variance, *by_head] == pytest.approx(table["rho"].tolist())


def test_what_is_of_gpt2_is_asked_of_gpt2_only(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its id, or by the sizes of a local one; a model of the hub of other name is another."""
    check = AFFINITY[0]
    assert check.run(Study(layer, None)).verdict == "not applicable"

    def named(name: str, revision: str | None) -> bool:
        source = Source(name, layer.source.folder, revision)
        return Study(replace(layer, source=source), None).is_gpt2_small

    assert not named("gpt2", "abc")  # of other heads, tokens and positions
    monkeypatch.setattr(measures, "GPT2_SIZES", Study(layer, None).sizes)
    assert named("gpt2", "abc")
    assert named("openai-community/gpt2", "abc")
    assert named("/models/my-gpt2", None)
    assert not named("somebody/tuned-gpt2", "abc")
    assert GPT2_SIZES == (12, 768, 50257, 1024, 12)
    # Asked of a model that has no such token, it is not computable, and says why.
    found = check.run(_as_gpt2(Study(layer, None)))
    assert found.verdict == "not computable"
    assert "expected one token" in found.reason

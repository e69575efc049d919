"""The paper's claims, asked of models that have them all, or lack one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import detok
from detok.counting.counts import Counts
from detok.replication import study as measures, terms
from detok.replication.report import CHECKS
from detok.replication.study import Study
from detok.scores.mean_contributions import mean_contributions
from tests.support import claims
from tests.support.models import random_checkpoint

CLAIMS = {check.id: check for check in CHECKS if not check.only_gpt2}


@pytest.fixture(scope="module")
def like_gpt2(tmp_path_factory: pytest.TempPathFactory) -> detok.Layer:
    """A layer that has all that the paper claims."""
    folder = tmp_path_factory.mktemp("like_gpt2")
    claims.checkpoint(folder)
    return detok.load(folder, device="cpu")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few texts are enough for models whose terms are far apart."""
    monkeypatch.setattr(measures, "N_TEXTS", 2)


def verdicts(study: Study) -> dict[str, str]:
    return {name: check.run(study).verdict for name, check in CLAIMS.items()}


def test_a_model_that_has_all(like_gpt2: detok.Layer) -> None:
    assert set(verdicts(Study(like_gpt2, claims.counts())).values()) == {"agrees"}


@pytest.mark.parametrize("lacks", claims.LACKS)
def test_a_model_that_lacks_one(tmp_path: Path, lacks: str) -> None:
    claims.checkpoint(tmp_path, lacks)
    found = verdicts(Study(detok.load(tmp_path, device="cpu"), claims.counts()))
    assert {name for name, verdict in found.items() if verdict == "differs"} == claims.LACKS[lacks]
    assert set(found.values()) == {"agrees", "differs"}


def test_every_claim_can_differ() -> None:
    assert CLAIMS.keys() == set.union(*claims.LACKS.values()) | {"eq17-identity"}


def test_terms_that_do_not_add_up(like_gpt2: detok.Layer) -> None:
    wrong = replace(like_gpt2, K_E=like_gpt2.K_E * 1.01)
    finding = CLAIMS["eq17-identity"].run(Study(wrong, None))
    assert finding.verdict == "differs"
    assert finding.values["direct"] > 1e-3


def test_large_scores_may_be_off_by_their_rounding(
    like_gpt2: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four units in the last place of 1,000 are 5e-4."""
    monkeypatch.setattr(terms, "attention_error", lambda *_: 2e-5)
    assert terms.identity(Study(like_gpt2, None)).verdict == "differs"
    large = replace(like_gpt2, first=replace(like_gpt2.first, scale=like_gpt2.scale / 1e3))
    monkeypatch.setattr(terms, "direct_error", lambda *_: 2e-5)
    assert terms.identity(Study(large, None)).verdict == "agrees"


def test_without_counts(like_gpt2: detok.Layer) -> None:
    study = Study(like_gpt2, None)
    for name in ("claim-frequency-falls", "claim-heads-know-pairs"):
        finding = CLAIMS[name].run(study)
        assert finding.verdict == "not computable"
        assert finding.reason.startswith("no counts fit this model's tokenizer")


def test_counts_of_no_text(like_gpt2: detok.Layer) -> None:
    found = verdicts(Study(like_gpt2, Counts.empty(claims.V)))
    assert found["claim-frequency-falls"] == found["claim-heads-know-pairs"] == "not computable"


def test_a_token_that_sees_what_is_after_it(like_gpt2: detok.Layer) -> None:
    both_ways = replace(like_gpt2, first=replace(like_gpt2.first, is_causal=False))
    names = "claim-position-rises", "claim-position-near", "claim-last-untrained"
    findings = [CLAIMS[name].run(Study(both_ways, None)) for name in names]
    expected = ["not applicable", "agrees", "not applicable"]
    assert [finding.verdict for finding in findings] == expected


@pytest.mark.parametrize("n_positions", [1, 2, 3])
def test_models_too_short_for_a_claim(tmp_path: Path, n_positions: int) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions)
    study = Study(detok.load(tmp_path, device="cpu"), claims.counts())
    names = ("claim-position-near", "claim-first-outlier", "claim-last-untrained")
    for name in names:
        assert CLAIMS[name].run(study).verdict == "not computable", name
    assert CLAIMS["eq17-identity"].run(study).verdict == "agrees"
    # Three positions have one between the first and the last.
    assert CLAIMS["claim-position-rises"].run(study).verdict == "not computable"


def test_a_tokenizer_that_cannot_split_texts(
    like_gpt2: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise detok.InputError("the files do not say how a text is split")

    monkeypatch.setattr(type(like_gpt2.tokenizer), "check_encodes", refuse)
    monkeypatch.setattr(type(like_gpt2.tokenizer), "encode", refuse)
    study = Study(like_gpt2, None)
    mixed = CLAIMS["fig4-mixed-terms-small"].run(study)
    assert mixed.verdict == "not computable"
    assert mixed.reason == "the files do not say how a text is split"
    assert CLAIMS["eq17-identity"].run(study).verdict == "agrees"


def test_contributions_as_the_authors_have_them(like_gpt2: detok.Layer) -> None:
    """Softmax without temperature, the divergence as a mean over what i sees: by definition."""
    study = Study(like_gpt2, None)
    texts = detok.excerpts()["text"]
    expected = mean_contributions(like_gpt2, texts, sample=2).mean.mean(dim=(1, 2))
    torch.testing.assert_close(study.contributions["paper"], expected)
    one = like_gpt2.tokenizer.encode(texts.iloc[0])[:8]
    parts = detok.terms(like_gpt2, one)
    P = parts.total[0, 7].double().softmax(dim=0)  # the last row of head 0
    Q = (parts.total - parts.ee)[0, 7].double().softmax(dim=0)
    hot = replace(like_gpt2, first=replace(like_gpt2.first, scale=1.0))
    found = detok.contributions(hot, one)[0, 0, 7] / 8
    torch.testing.assert_close(found, (P * (P / Q).log()).mean(), atol=1e-6, rtol=1e-4)

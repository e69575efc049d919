"""The published figures of GPT-2 small, checked on the real model.

    DETOK_TEST_HUB=1 pytest tests/golden_gpt2.py

downloads the model once. Without the variable everything here is skipped. The checks, with their
tolerances, are those of `python -m detok report gpt2`: here every one of them has to agree, but for
those that need counts of OpenWebText.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import detok
from detok.counting.choice import counts_for
from detok.replication.check import Check
from detok.replication.report import CHECKS
from detok.replication.study import GPT2_SIZES, Study
from detok.replication.terms import identity

if os.environ.get("DETOK_TEST_HUB") != "1":
    pytest.skip(
        "downloads GPT-2 from the hub (0.5 GB); DETOK_TEST_HUB=1 asks for it",
        allow_module_level=True,
    )


@pytest.fixture(scope="module")
def study() -> Study:
    """Of the real model's first layer, in float32 on the CPU."""
    # Another process downloads it: conftest keeps this one from asking the hub. From then on it is
    # in the cache, which is asked first.
    found = subprocess.run(
        [sys.executable, "-c", "from detok.model.source import locate; locate('gpt2')"],
        cwd=Path(__file__).parents[1],
        env={k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"},
        capture_output=True,
        text=True,
    )
    if found.returncode:
        pytest.fail(f"GPT-2 is not there: {found.stderr.strip().splitlines()[-1]}")
    layer = detok.load("gpt2", device="cpu")
    return Study(layer, counts_for(layer))


def test_the_model_is_gpt2_small(study: Study) -> None:
    assert study.sizes == GPT2_SIZES, (
        f"H, d, V, L, layers: expected {GPT2_SIZES}, found {study.sizes}"
    )


def test_a_short_text_has_the_models_own_attention(study: Study) -> None:
    """The check of that name has the longest one."""
    found = identity(study, 16)
    assert found.verdict == "agrees", f"expected at most 1e-5, found {found.measured}"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_it_is_as_published(check: Check, study: Study) -> None:
    found = check.run(study)
    if found.verdict == "not computable" and found.reason.startswith("needs counts of OpenWebText"):
        pytest.skip(f"{found.reason}: expected {check.published}, found {found.measured}")
    assert found.verdict == "agrees", (
        f"{check.what} ({check.where}): expected {check.published}, found {found.measured} "
        f"{found.reason}({found.verdict}; the tolerance is {check.tolerance})"
    )

"""A model that no page shows yet is refused in a sentence."""

from pathlib import Path

import pytest

from tests.support.families import random_member
from tests.support.pages import ROOT, run, texts
from tests.support.rotary import ROTARY

PAGES = ["app.py", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("pages/*.py")))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rotary")
    random_member(folder, *ROTARY["qwen2"][0])
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_it_is_refused_in_a_sentence(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_MODEL", str(folder))
    shown = texts(run(page))
    assert "could not be loaded" in shown
    assert "turns queries and keys by their distance" in shown

"""What pages show of a model with rotary positions."""

from pathlib import Path

import pytest

import detok
from detok.app.navigation import PLACES
from detok.readings import overview
from tests.support.families import random_member
from tests.support.pages import run, texts
from tests.support.rotary import ROTARY


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rotary")
    random_member(folder, *ROTARY["qwen2"][0])
    return folder


@pytest.fixture(autouse=True)
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app opens on the model."""
    monkeypatch.setenv("DETOK_MODEL", str(folder))


WITHOUT = [place.path for place in PLACES.values() if detok.RotaryLayer not in place.takes]


@pytest.mark.parametrize("page", WITHOUT)
def test_a_page_without_its_subject_says_so_and_leads_to_those_that_have_it(
    page: str, folder: Path
) -> None:
    test = run(page)
    assert overview.not_here(detok.load(folder)) in texts(test)
    assert not test.error

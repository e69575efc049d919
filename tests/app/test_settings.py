"""The operator's settings: what each takes, what is refused and how, and what the README says."""

import re
from pathlib import Path

import pytest

from detok.app import settings
from detok.errors import InputError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*settings.VARIABLES, *settings.OTHERS):
        monkeypatch.delenv(name, raising=False)


def test_a_laptop_needs_none() -> None:
    found = settings.now()
    assert not found.hosted
    assert not found.is_listed
    assert (found.model, found.models, found.device) == ("", (), "auto")


def test_a_server_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = settings.now()
    monkeypatch.setenv("DETOK_HOSTED", "1")
    server = settings.now()
    assert server.is_listed
    assert server.cache_bytes < laptop.cache_bytes
    monkeypatch.setenv("DETOK_CACHE_BYTES", "3.5 GB")
    assert settings.now().cache_bytes == 3_500_000_000


def test_names_of_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETOK_MODELS", " gpt2, distilgpt2,,gpt2 ")
    assert settings.now().models == ("gpt2", "distilgpt2")
    assert settings.now().is_listed
    monkeypatch.setenv("DETOK_MODEL", "mini")
    assert settings.now().model == "mini"
    monkeypatch.setenv("DETOK_MODEL", "gpt2-xl")
    with pytest.raises(InputError, match="DETOK_MODEL is 'gpt2-xl', which DETOK_MODELS does not"):
        settings.now()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("DETOK_HOSTED", "perhaps", "'perhaps'; expected 1 or 0"),
        ("DETOK_MAX_TEXT", "-3", "expected a whole number from 1,000 to 1,000,000"),
        ("DETOK_MAX_TEXT", "٣٣٣٣", "expected a whole number"),
        ("DETOK_HEAVY", "0", "expected a whole number from 1 to 64"),
        ("DETOK_HEAVY", "9" * 5000, "expected a whole number from 1 to 64"),
        ("DETOK_CACHED_MODELS", "1", "expected a whole number from 2"),
        ("DETOK_CACHE_BYTES", "4 TB", "expected an amount of memory"),
        ("DETOK_CACHE_BYTES", "nan", "expected an amount of memory"),
        ("DETOK_CACHE_BYTES", "40", "at least 100 MB"),
        ("DETOK_DEVICE", "gpu", "expected auto, cpu, cuda"),
        ("DETOK_THREADS", "1.5", "expected a whole number from 0 to 256"),
        ("DETOK_MODELS", ",", "names of models with commas"),
        ("DETOK_HOSTD", "1", "DETOK_HOSTD is no setting of detok; is DETOK_HOSTED meant?"),
    ],
)
def test_what_cannot_be_used_is_named(
    name: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(InputError, match="settings cannot be used") as refused:
        settings.now()
    assert said in str(refused.value)
    assert name in str(refused.value)


def test_all_mistakes_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETOK_HEAVY", "many")
    monkeypatch.setenv("DETOK_DEVICE", "gpu")
    with pytest.raises(InputError, match=r"DETOK_HEAVY is 'many'.*DETOK_DEVICE is 'gpu'"):
        settings.now()


def test_the_readme_has_every_setting_with_its_default() -> None:
    rows = re.findall(
        r"^\| `(DETOK_\w+)` \| (.+) \| (.+) \|$", (ROOT / "README.md").read_text(), re.M
    )
    expected = [(name, one.shown(), one.meaning) for name, one in settings.VARIABLES.items()]
    others = [(name, "none", meaning) for name, meaning in settings.OTHERS.items()]
    assert rows == [*expected, *others]

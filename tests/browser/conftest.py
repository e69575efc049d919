"""A server of the app and a browser, which all tests of this folder need."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks import browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    if browser.CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a fresh server of the app, with a disk cache of its own."""
    with browser.server(DETOK_CACHE=str(tmp_path_factory.mktemp("cache"))) as running:
        yield running

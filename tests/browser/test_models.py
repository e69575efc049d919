"""Models of the hub in a real browser: fetched with a bar, given up, refused, and in the link."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import detok
from benchmarks import browser
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint

SIZES = {"n_layer": 2, "n_head": 4, "n_embd": 256, "n_positions": 64, "vocab_size": 20_000}
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the hub of these tests has under that name."""
    folder = tmp_path_factory.mktemp("gpt2")
    random_checkpoint(folder, **SIZES)
    return folder


@pytest.fixture
def hub(gpt2: Path) -> Iterator[Hub]:
    hub = Hub()
    hub.add("gpt2", gpt2)
    yield hub
    hub.stop()


@pytest.fixture
def settings(hub: Hub, tmp_path: Path) -> dict[str, str]:
    """Of a server that asks this hub, and opens on whatever it finds."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "0",
        "DETOK_MODEL": "",
    }


def choose(page: Page, model: str) -> None:
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name=model, exact=True).click()


def shown(page: Page) -> str:
    return page.get_by_role("combobox", name="Model").input_value()


def test_the_button_of_the_overview_leads_to_gpt2(
    chromium: Browser, hub: Hub, settings: dict[str, str], gpt2: Path
) -> None:
    hub.pause = 0.3
    with browser.server(**settings) as address:
        page = browser.visit(chromium, address)
        page.wait_for_url(re.compile("model=mini"), timeout=PATIENCE_MS)
        button = page.get_by_role("button", name="See it in GPT-2 (167 MB)")
        button.click()
        expect(page.get_by_text("Fetching the first layer of gpt2")).to_be_visible()
        expect(page.get_by_text(re.compile(r"\d+ of 22 MB"))).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_url(re.compile("model=gpt2"), timeout=PATIENCE_MS)
        expect(page.get_by_text("gpt2: from the hub, commit")).to_be_visible(timeout=PATIENCE_MS)
        assert shown(page) == "gpt2"
        expect(button).to_have_count(0)
        # The link alone, on another page and for another visitor.
        link = f"{address}/Token_affinity?text=the&head=1&model=gpt2"
        best = detok.affinity(detok.load(gpt2), "the", heads=1, k=1).iloc[0]
        row = browser.top_row(browser.visit(chromium, link))
        assert float(row[2]) == pytest.approx(best["score"], abs=0.006)
    # What is here is what the next server opens on, also without a network.
    hub.stop()
    with browser.server(**settings) as address:
        page = browser.visit(chromium, address)
        page.wait_for_url(re.compile("model=gpt2"), timeout=PATIENCE_MS)
        expect(page.get_by_text("gpt2: from the hub, commit")).to_be_visible(timeout=PATIENCE_MS)
    hub.start()


def test_a_download_that_is_given_up_or_refused_leaves_the_model_in_place(
    chromium: Browser, hub: Hub, settings: dict[str, str]
) -> None:
    hub.pause = 1.0
    with browser.server(**settings) as address:
        page = browser.visit(chromium, f"{address}/Token_affinity?text=the&head=1")
        before = browser.top_row(page)
        choose(page, "gpt2")
        page.get_by_role("button", name="Cancel").click(timeout=PATIENCE_MS)
        expect(page.get_by_text("the download was stopped")).to_be_visible(timeout=PATIENCE_MS)
        assert browser.top_row(page) == before
        assert shown(page) == "mini"
        page.wait_for_url(re.compile("model=mini"), timeout=PATIENCE_MS)
        choose(page, "gpt2-medium")
        expect(page.get_by_text("neither a folder here nor a public model")).to_be_visible(
            timeout=PATIENCE_MS
        )
        assert shown(page) == "mini"
        assert browser.top_row(page) == before
        # Asked for again, it goes on from where it was.
        hub.pause = 0.0
        choose(page, "gpt2")
        page.wait_for_url(re.compile("model=gpt2"), timeout=PATIENCE_MS)
        expect(page.get_by_text("Fetching the first layer")).to_have_count(0, timeout=PATIENCE_MS)
        browser.settle(page)
        assert browser.top_row(page) != before


def test_the_model_goes_along_to_other_pages_and_back(
    chromium: Browser, settings: dict[str, str], gpt2: Path
) -> None:
    settings["DETOK_MODEL"] = str(gpt2)
    with browser.server(**settings) as address:
        page = browser.visit(chromium, address)
        choose(page, "mini")
        page.wait_for_url(re.compile("model=mini"), timeout=PATIENCE_MS)
        browser.settle(page)
        page.get_by_test_id("stSidebar").get_by_role("link", name="LayerNorm variance").click()
        page.wait_for_url(re.compile("LayerNorm_variance"))
        expect(page.get_by_role("heading", name="LayerNorm variance")).to_be_visible()
        browser.settle(page)
        assert shown(page) == "mini"
        assert "model=mini" in page.url


def test_all_layers_are_fetched_when_a_page_needs_them(
    chromium: Browser, hub: Hub, settings: dict[str, str], gpt2: Path
) -> None:
    settings["DETOK_MODEL"] = "gpt2"
    hub.pause = 0.2
    with browser.server(**settings) as address:
        page = browser.visit(chromium, f"{address}/Segments?passage=the")
        sentence = "looks at all layers of gpt2, of which only the first is here. All 2 take up to"
        expect(page.get_by_text(sentence)).to_be_visible(timeout=PATIENCE_MS)
        size = (gpt2 / "model.safetensors").stat().st_size
        assert sum(request.sent for request in hub.requests) < size
        button = page.get_by_role("button", name="Fetch them, once")
        button.click()
        expect(page.get_by_text("Fetching all layers of gpt2")).to_be_visible()
        page.get_by_role("button", name="Cancel").click(timeout=PATIENCE_MS)
        hub.pause = 0.0
        button.click(timeout=PATIENCE_MS)
        expect(page.get_by_text("After this text of")).to_be_visible(timeout=PATIENCE_MS)
        target = detok.run(detok.load_model(gpt2), detok.load(gpt2).tokenizer.encode("the")).target
        expect(page.get_by_role("combobox", name="Target")).to_have_value(re.compile(f"#{target}"))

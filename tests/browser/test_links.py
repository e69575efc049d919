"""The app in a real browser, on a fresh server."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import detok
from benchmarks import browser

TEXT = "Mr. Sherlock"
LINK = "/Token_affinity?text=Mr.+Sherlock&head=1&k=5"


def test_a_deep_link_on_a_fresh_server_shows_the_expected_top_row(
    chromium: Browser, address: str
) -> None:
    """The first page that this server ever shows, and not the first of the app."""
    layer = detok.load("mini")
    token = layer.tokenizer.encode(TEXT)[-1]
    best = detok.affinity(layer, token, heads=1, k=1).iloc[0]
    row = browser.top_row(browser.visit(chromium, address + LINK))
    assert row[1] == layer.tokenizer.show(best["token_id"])
    assert float(row[2]) == pytest.approx(best["score"], abs=0.006)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    browser.settle(page)


def test_every_choice_is_in_the_link(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK)
    before = browser.top_row(page)
    choose(page, "Head", "2")
    choose(page, "Rank", "current tokens")
    page.get_by_role("textbox", name="Word or text").fill("happiness")
    page.get_by_role("textbox", name="Word or text").press("Enter")
    page.wait_for_url(re.compile("text=happiness"))
    browser.settle(page)
    page.wait_for_timeout(1000)
    after = browser.top_row(page)
    assert after != before
    assert "head=2" in page.url
    assert "rank=current" in page.url
    assert browser.top_row(browser.visit(chromium, page.url)) == after


def test_moving_the_slider_redraws_the_chart_and_is_in_the_link(
    chromium: Browser, address: str
) -> None:
    page = browser.visit(chromium, address + "/Positional_bias?head=1&i=100")
    chart = page.get_by_test_id("stVegaLiteChart").nth(3)
    chart.locator("canvas, svg").first.wait_for(timeout=60_000)
    browser.settle(page)
    page.wait_for_timeout(1000)
    before = chart.screenshot()
    page.get_by_role("slider").press("ArrowRight")
    page.wait_for_url(re.compile("i=101"))
    page.get_by_text("By position alone, i = 101").wait_for(timeout=30_000)
    browser.settle(page)
    page.wait_for_timeout(1000)
    assert chart.screenshot() != before
    assert "head=1" in page.url


def test_choosing_a_row_of_the_summary_chooses_its_head(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + "/Positional_bias?head=1")
    browser.top_row(page)
    browser.settle(page)
    grid = page.get_by_test_id("stDataFrame").locator("canvas").first
    grid.scroll_into_view_if_needed()
    # Anywhere in the row of head 3: five rows of 35 pixels, one the header.
    grid.click(position={"x": 18, "y": 35 * 4 + 17}, force=True)  # a scroller lies over it
    page.wait_for_url(re.compile("head=3"))
    page.get_by_text("In head 3, Tᵖ").first.wait_for(timeout=30_000)


def test_a_model_that_cannot_be_downloaded_is_refused_in_a_sentence(
    chromium: Browser, tmp_path: Path
) -> None:
    """There is a network, but nothing answers where the hub should be."""
    silent = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    with browser.server(**silent) as address:
        page = browser.visit(chromium, address + LINK)
        before = browser.top_row(page)
        choose(page, "Model", "distilgpt2")
        page.get_by_text("distilgpt2 could not be loaded").wait_for(timeout=60_000)
        browser.settle(page)
        assert browser.top_row(page) == before
        assert "model=mini" in page.url
        assert page.get_by_text("Traceback").count() == 0


def test_the_model_stays_when_the_page_changes(chromium: Browser, checkpoint: Path) -> None:
    """The environment makes another model the default; the visitor's choice outlives it."""
    with browser.server(DETOK_MODEL=str(checkpoint)) as address:
        page = browser.visit(chromium, address)
        page.get_by_text("How exact it is").wait_for(timeout=120_000)
        browser.settle(page)
        page.wait_for_timeout(1000)  # the list closes when the page runs again
        choose(page, "Model", "mini")
        page.wait_for_url(re.compile("model=mini"))
        browser.settle(page)
        page.get_by_role("link", name="Token affinity").first.click()
        browser.top_row(page)
        assert "model=mini" in page.url
        tokens = detok.load("mini").vocab_size
        page.get_by_text(f"all {tokens:,} tokens").first.wait_for()

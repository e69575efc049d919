"""The page of reversed attention in a real browser: cells, bars, rows and steps can be clicked."""

import re
from itertools import product

import pytest
from playwright.sync_api import Browser, Locator, Page

import detok
from benchmarks import browser
from detok.tables.reversed import ETAS
from tests.support.marks import click

TEXT = "There stood old Captain Ahab"
LINK = "/Reversed_attention?passage=There+stood+old+Captain+Ahab&head=0"
NORMS, OF_PAIRS, BY_HEAD = 1, 3, 4  # the charts of the page, by their place


@pytest.fixture
def page(chromium: Browser, address: str) -> Page:
    page = browser.visit(chromium, address + LINK)
    page.get_by_role("button", name="Evidence of this page").wait_for(timeout=60_000)
    return page


def marks(page: Page, number: int) -> Locator:
    """What is drawn in a chart, all of it in view."""
    charts = page.get_by_test_id("stVegaLiteChart")
    drawn = charts.nth(number).locator("canvas, svg").first
    drawn.wait_for(timeout=30_000)
    browser.settle(page)
    drawn.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    return drawn


def click_until(page: Page, number: int, changed: re.Pattern) -> None:
    """Clicks here and there in a chart until the address says what was clicked."""
    drawn = marks(page, number)
    box = drawn.bounding_box()
    for x, y in product((0.8, 0.5), (0.55, 0.5, 0.6, 0.45, 0.65)):
        drawn.click(position={"x": x * box["width"], "y": y * box["height"]})
        page.wait_for_timeout(700)
        if changed.search(page.url):
            return
    raise AssertionError(page.url)


def test_a_cell_of_the_map_chooses_its_head(page: Page) -> None:
    click_until(page, NORMS, re.compile(r"head=[1-9]"))
    head = re.search(r"head=(\d+)", page.url)[1]
    page.get_by_role("heading", name=re.compile(rf"Head {head} of layer \d+, forward")).wait_for()
    page.get_by_role("heading", name=f"Head {head} of the first layer", exact=True).wait_for()


def test_a_bar_chooses_its_head(page: Page) -> None:
    click_until(page, BY_HEAD, re.compile(r"head=[1-9]"))
    head = re.search(r"head=(\d+)", page.url)[1]
    page.get_by_role("heading", name=f"Head {head} of the first layer", exact=True).wait_for()


def test_a_cell_of_a_head_chooses_its_pair(page: Page) -> None:
    click_until(page, OF_PAIRS, re.compile("pair_i="))
    i, j = (re.search(rf"pair_{place}=(\d+)", page.url)[1] for place in "ij")
    page.get_by_text(re.compile(rf"^i = {i} .*, j = {j} ")).wait_for(timeout=30_000)


def test_a_row_of_the_strongest_pairs_frames_its_pair(page: Page) -> None:
    model = detok.load_model("mini")
    found = detok.reversed_attention(detok.run(model, model.tokenizer.encode(TEXT)))
    i, j, _ = found.strongest(0, 0, 2)[1]
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    browser.settle(page)
    box = table.bounding_box()
    rows = len(found.strongest(0, 0)) + 1
    table.click(position={"x": box["width"] / 2, "y": 2.5 * box["height"] / rows})
    page.get_by_text(re.compile(rf"^i = {i} .*, j = {j} ")).wait_for(timeout=30_000)
    assert f"pair_i={i}" in page.url
    assert f"pair_j={j}" in page.url


def test_the_steps_of_the_curve_can_be_chosen_by_keyboard(page: Page) -> None:
    slider = page.get_by_role("slider", name="η").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_url(re.compile(r"eta=-3\.0"))
    page.get_by_text("at η = -3, ").wait_for(timeout=30_000)


def test_the_check_stands_beside_the_bars(page: Page) -> None:
    page.get_by_text("Check by finite differences").click()
    page.get_by_text("Largest difference: ").wait_for(timeout=60_000)
    assert "check=true" in page.url


def test_a_point_of_the_curve_chooses_its_step(page: Page) -> None:
    """That of 0.1, which is no number of 32 bits."""
    click(page, -1, "symbol", ETAS.index(0.1))
    page.wait_for_url(re.compile(r"eta=0\.1(&|$)"))
    page.get_by_text("at η = 0.1, ").wait_for(timeout=30_000)

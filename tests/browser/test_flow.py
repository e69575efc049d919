"""The graph of information flow in a real browser: clicks choose parts, and nothing overflows."""

import re

from playwright.sync_api import Browser, Page, expect

from benchmarks import browser
from tests.support.marks import click

expect.set_options(timeout=20_000)  # as long as a busy machine takes
FLOW = "/Information_flow?passage=There+stood+Captain+Ahab&model=mini"


def opened(chromium: Browser, url: str, width: int = 1280) -> Page:
    page = chromium.new_context(viewport={"width": width, "height": 1000}).new_page()
    page.goto(url)
    page.locator(".st-key-bar").wait_for(timeout=120_000)
    browser.settle(page)
    page.get_by_test_id("stVegaLiteChart").nth(1).locator("svg").wait_for(timeout=60_000)
    return page


def test_a_click_chooses_a_part(chromium: Browser, address: str) -> None:
    page = opened(chromium, f"{address}{FLOW}")
    click(page, 1, "symbol", 1)
    expect(page).to_have_url(re.compile("node=0-ln_1"))
    expect(page.get_by_text("Ln_1 of layer 0 has norm")).to_be_visible()
    click(page, 0, "symbol", 1)
    # Where the two are drawn over each other, it is the one on top.
    expect(page).to_have_url(re.compile("node=0-(attention|between)"))
    page.go_back()
    expect(page.get_by_text("Ln_1 of layer 0 has norm")).to_be_visible()


def test_what_is_not_added_is_no_zero(chromium: Browser, address: str) -> None:
    page = opened(chromium, f"{address}{FLOW}")
    marks = page.get_by_test_id("stVegaLiteChart").nth(1).locator("svg .mark-symbol.role-mark path")
    expect(marks.nth(1)).to_have_attribute("aria-label", re.compile("ln_1.*logit: nothing"))
    expect(marks.nth(2)).to_have_attribute("aria-label", re.compile(r"attention.*logit: [+−-]\d"))


def test_a_row_of_the_table_chooses_a_part(chromium: Browser, address: str) -> None:
    page = opened(chromium, f"{address}{FLOW}")
    page.get_by_text("The same as tables").click()
    grid = page.get_by_test_id("stExpander").get_by_test_id("stDataFrame").first
    grid.locator("canvas").first.wait_for(timeout=60_000)
    grid.scroll_into_view_if_needed()
    browser.settle(page)
    page.wait_for_timeout(500)
    grid.click(position={"x": 60, "y": 35 * 3.5})
    expect(page).to_have_url(re.compile("node=0-attention"))


def test_a_phone_does_not_scroll_sideways(chromium: Browser, address: str) -> None:
    page = opened(chromium, f"{address}{FLOW}", width=390)
    page.wait_for_timeout(1000)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")

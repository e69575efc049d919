"""The page of segments in a real browser: a text is cut by clicks and by keys, and shared."""

import re
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks import browser

LINK = "/Segments?" + urlencode({"passage": "She was calm", "head": "1"})


def chip(page: Page, place: int) -> Locator:
    """The token after which a click cuts the text."""
    chips = page.get_by_test_id("stButtonGroup").get_by_role("button")
    return chips.filter(has_text=re.compile(f"^{place} "))


def says(page: Page, sentence: str) -> None:
    page.get_by_text(re.compile(f"^{sentence}")).first.wait_for(timeout=60_000)
    browser.settle(page)


def test_a_text_is_cut_by_clicks_and_by_keys(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK)
    says(page, "1 segment, in which")
    chip(page, 1).click()
    page.wait_for_url(re.compile("cuts=2(&|$)"))
    says(page, "2 segments:")
    chip(page, 0).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("cuts=1(,|%2C)2"))
    says(page, "3 segments:")
    says(browser.visit(chromium, page.url), "3 segments:")
    page.go_back()
    says(page, "2 segments:")
    page.get_by_role("button", name="One segment").click()
    says(page, "1 segment, in which")
    assert "cuts" not in page.url


def test_the_maps_fit_a_laptop_and_the_page_a_phone(chromium: Browser, address: str) -> None:
    passage = "The name of the town is Buenos Aires.\nWhere does the name come from?"
    for width in (1280, 390):
        context = chromium.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        page.goto(f"{address}/Segments?{urlencode({'passage': passage})}")
        says(page, "2 segments:")
        drawn = page.get_by_test_id("stVegaLiteChart").first.locator("canvas, svg").first
        drawn.wait_for(timeout=60_000)
        page.wait_for_timeout(1000)
        if width > 1000:
            main = page.get_by_test_id("stMainBlockContainer").bounding_box()
            assert drawn.bounding_box()["width"] < main["width"]
        assert page.evaluate("document.body.scrollWidth") <= width
        expect(page.get_by_test_id("stException")).to_have_count(0)
        context.close()

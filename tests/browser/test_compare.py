"""The page of two heads in a real browser: choose, click, share, go on from there."""

import re

from playwright.sync_api import Browser, Page

from benchmarks import browser

LINK = "/Compare?head=1&head_right=0&passage=There+stood+old+Captain+Ahab"


def sentence(page: Page) -> str:
    """What the page says of the chosen cell."""
    said = page.get_by_text(re.compile(r"At i = \d+, j = \d+ \(.* right less left")).first
    said.wait_for(timeout=60_000)
    page.get_by_text("Nearest 5 and position 0").wait_for(timeout=60_000)  # the page's end
    browser.settle(page)
    return said.inner_text()


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    browser.settle(page)


def titles(page: Page) -> list[str]:
    """What stands over the two maps."""
    return page.get_by_text(re.compile("^(Left|Right): ")).all_inner_texts()


def test_the_link_reproduces_the_view(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK)
    before = sentence(page)
    choose(page, "Right head", "2")
    choose(page, "Show", "ee")
    page.wait_for_url(re.compile("what=ee"))
    page.get_by_text("Spread of the cells").wait_for(timeout=30_000)
    after = sentence(page)
    assert after != before
    assert titles(page) == ["Left: mini, head 1", "Right: mini, head 2"]
    shared = browser.visit(chromium, page.url)
    assert sentence(shared) == after
    assert titles(shared) == titles(page)


def test_a_click_on_a_cell_chooses_it_and_leads_to_its_terms(
    chromium: Browser, address: str
) -> None:
    page = browser.visit(chromium, address + LINK)
    before = sentence(page)
    drawn = page.get_by_test_id("stVegaLiteChart").first.locator("canvas, svg").first
    drawn.wait_for(timeout=30_000)
    drawn.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    box = drawn.bounding_box()
    # The first column of cells, from above: the cells of other rows than the one that is chosen.
    for down in (0.5, 0.55, 0.6, 0.65):
        drawn.click(position={"x": box["width"] * 0.36, "y": box["height"] * down})
        page.wait_for_timeout(1500)
        if "cell_i=" in page.url:
            break
    browser.settle(page)
    i, j = (re.search(f"cell_{letter}=(\\d+)", page.url)[1] for letter in "ij")
    page.get_by_text(f"At i = {i}, j = {j} (").wait_for(timeout=30_000)
    after = sentence(page)
    assert after != before
    assert sentence(browser.visit(chromium, page.url)) == after
    page.get_by_role("link", name="Take it apart in the left head").click()
    page.get_by_text(re.compile(rf"\(j = {j}\) gets .* \(i = {i}\) in head 1")).wait_for(
        timeout=60_000
    )


def test_two_lists_of_a_word_are_in_the_link(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + "/Compare?head=1&head_right=0")
    sentence(page)
    page.get_by_role("radio", name="Word").click()
    page.wait_for_url(re.compile("on=Word"))
    said = page.get_by_text("best in either list")
    said.wait_for(timeout=30_000)
    row = browser.top_row(page)
    choose(page, "Right head", "2")
    page.wait_for_url(re.compile("head_right=2"))
    browser.settle(page)
    after = said.inner_text()
    shared = browser.visit(chromium, page.url)
    shared.get_by_text("best in either list").wait_for(timeout=60_000)
    assert shared.get_by_text("best in either list").inner_text() == after
    assert browser.top_row(shared)[:2] == row[:2]

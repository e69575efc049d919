"""The page of two heads in a real browser: choose, click, share, go on from there."""

import re

from playwright.sync_api import Browser, Locator, Page

from benchmarks import browser
from tests.support.marks import click

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


def in_the_middle(page: Page, part: Locator) -> dict[str, float]:
    """Where a part of the page is, once it is drawn and stands in the middle of the window."""
    part.wait_for(timeout=60_000)
    part.evaluate("part => part.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(1500)
    return part.bounding_box()


def titles(page: Page) -> list[str]:
    """What stands over the two maps."""
    return page.get_by_role("heading", name=re.compile("^(Left|Right): ")).all_inner_texts()


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
    box = in_the_middle(page, drawn)
    # The first column of cells, from above: the cells of other rows than the one that is chosen.
    for down in (0.5, 0.55, 0.6, 0.65):
        page.mouse.click(box["x"] + box["width"] * 0.36, box["y"] + box["height"] * down)
        page.wait_for_timeout(1500)
        if "cell_i=" in page.url:
            break
    browser.settle(page)
    i, j = (re.search(f"cell_{letter}=(\\d+)", page.url)[1] for letter in "ij")
    page.get_by_text(f"At i = {i}, j = {j} (").wait_for(timeout=30_000)
    after = sentence(page)
    assert after != before
    assert sentence(browser.visit(chromium, page.url)) == after
    for side, head in (("left", 1), ("right", 0)):
        page.get_by_role("link", name=f"Take it apart in the {side} head").click()
        page.get_by_text(re.compile(rf"\(j = {j}\) gets .* \(i = {i}\) in head {head}")).wait_for(
            timeout=60_000
        )
        page.go_back()
        assert sentence(page) == after


def test_a_click_on_a_row_leads_to_its_token_in_the_head_of_its_list(
    chromium: Browser, address: str
) -> None:
    page = browser.visit(chromium, address + "/Compare?head=1&head_right=0&on=Word")
    page.get_by_text("Nearest 5 and position 0").wait_for(timeout=60_000)
    browser.settle(page)
    listed = page.get_by_test_id("stDataFrame").nth(1)
    # The list may be higher than the window.
    cells = listed.locator("tbody tr").nth(9).locator("td")
    cells.first.wait_for(state="attached", timeout=60_000)
    row = cells.all_text_contents()
    box = in_the_middle(page, listed)
    page.mouse.click(box["x"] + 15, box["y"] + 35 * 10 + 17)  # the box that chooses the row
    page.wait_for_url(re.compile("Token_affinity.*head=0"), timeout=30_000)
    token = row[row.index("10") + 1]  # after its rank
    heading = page.get_by_role("heading", name=f"What goes best with {token}", exact=True)
    heading.wait_for(timeout=60_000)


def test_a_click_on_a_mark_puts_its_head_on_the_right(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK.replace("head_right=0", "head_right=2"))
    sentence(page)
    click(page, -1, "rect")
    page.wait_for_url(lambda url: "head_right=2" not in url)
    sentence(page)
    left, right = titles(page)
    assert left == "Left: mini, head 1"
    assert right != "Right: mini, head 2"


def test_sides_are_swapped(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK)
    sentence(page)
    page.get_by_role("button", name="Swap").click()
    for side in ("Left: mini, head 0", "Right: mini, head 1"):
        page.get_by_role("heading", name=side).wait_for(timeout=60_000)
    page.go_back()
    page.get_by_role("heading", name="Left: mini, head 1").wait_for(timeout=60_000)


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

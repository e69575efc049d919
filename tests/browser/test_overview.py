"""The overview in a real browser: the first screen convinces, and its words lead on."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks import browser

FINDING = re.compile(r"Head \d+ ranks \S+ first of [\d,]+ tokens before \S+\.")


def opened(chromium: Browser, address: str, width: int, height: int) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(address)
    page.get_by_text("How exact it is").wait_for(timeout=120_000)
    browser.settle(page)
    yield page
    context.close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    yield from opened(chromium, address, 1280, 800)


def has_word(page: Page, word: str | re.Pattern[str]) -> None:
    """The browser fetches the code of a text box when it first has one."""
    box = page.get_by_role("textbox", name="Word or text")
    expect(box).to_have_value(word, timeout=60_000)


def test_finding_and_both_maps_are_on_the_first_screen(page: Page) -> None:
    assert page.get_by_role("heading", name=FINDING).bounding_box()
    charts = page.get_by_test_id("stVegaLiteChart")
    boxes = [charts.nth(n).bounding_box() for n in range(2)]
    assert boxes[0]["y"] == pytest.approx(boxes[1]["y"])
    for box in boxes:
        assert box["y"] + box["height"] <= 800
        assert box["width"] > 300


def test_a_word_of_the_gallery_leads_to_its_pieces_and_head(page: Page) -> None:
    link = page.get_by_role("link", name=re.compile(" — ")).nth(1)
    word, past, current, head = re.search(
        r"(\w+) — (\S+) \+ (\S+), head (\d+)", link.inner_text()
    ).groups()
    link.click()
    page.wait_for_url(re.compile("Token_affinity"))
    # Another head may rank it first, too.
    who = rf"(All heads rank|Head {head} ranks|Heads ([\d, and]+ )?{head}\b[\d, and]* rank)"
    before = rf"{re.escape(past)} first of [\d,]+ tokens before {re.escape(current)}, by"
    said = re.compile(f"{who} {before}")
    page.get_by_text(said).wait_for(timeout=60_000)
    has_word(page, f" {word}")
    assert f"head={head}" in page.url
    assert f"text=+{word}" in page.url.replace("%20", "+")


def test_a_cell_of_a_map_leads_to_its_pair_and_back(page: Page) -> None:
    head = re.match(r"Head (\d+)", page.get_by_role("heading", name=FINDING).inner_text())[1]
    drawn = page.get_by_test_id("stVegaLiteChart").nth(1).locator("canvas, svg").first
    box = drawn.bounding_box()
    # The first columns, below the middle: a past token of a later current token.
    for down in (0.4, 0.45, 0.5):
        drawn.click(position={"x": box["width"] * 0.25, "y": box["height"] * down})
        page.wait_for_timeout(1500)
        if "Six-term" in page.url:
            break
    page.get_by_role("heading", name="Who attends to whom").wait_for(timeout=60_000)
    browser.settle(page)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["head"] == [head]
    assert "She wrote the word" in asked["passage"][0]
    i, j = int(asked["pair_i"][0]), int(asked["pair_j"][0])
    assert i > j
    page.get_by_text(f"(j = {j}) gets").first.wait_for(timeout=30_000)
    page.go_back()
    page.get_by_role("heading", name=FINDING).wait_for(timeout=60_000)


def test_a_piece_of_the_sentence_leads_to_what_goes_with_it(page: Page) -> None:
    piece = page.get_by_test_id("stButtonGroup").get_by_role("radio").nth(1)
    shown = piece.inner_text()
    piece.click()
    page.wait_for_url(re.compile("Token_affinity"))
    name = re.compile(f"What goes best with {re.escape(shown)}")
    page.get_by_role("heading", name=name).wait_for(timeout=60_000)
    has_word(page, re.compile("She wrote the word"))


def test_a_paper_s_word_leads_to_its_result(page: Page) -> None:
    page.get_by_role("link", name="Libertarian").click()
    page.wait_for_url(re.compile("Token_affinity.*text=Libertarian"))
    assert browser.top_row(page)
    has_word(page, "Libertarian")


def test_on_a_phone_nothing_scrolls_sideways(chromium: Browser, address: str) -> None:
    for page in opened(chromium, address, 390, 844):
        main = page.get_by_test_id("stMain")
        assert main.evaluate("m => m.scrollWidth <= m.clientWidth")

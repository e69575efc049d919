"""The page of the six terms in a real browser: type, click, drop, share, upload, cancel."""

import re

from playwright.sync_api import Browser, Locator, Page, expect

import detok
from benchmarks import browser

LINK = "/Six-term_contributions?head=3&passage=There+stood+old+Captain+Ahab"


def map_of_attention(page: Page) -> Locator:
    """The chart whose cells can be clicked: the third of the page."""
    drawn = page.get_by_test_id("stVegaLiteChart").nth(2).locator("canvas, svg").first
    drawn.wait_for(timeout=30_000)
    browser.settle(page)
    drawn.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    return drawn


def sentence(page: Page) -> str:
    """What the page says of the chosen pair."""
    said = page.get_by_text(re.compile(r"’s attention \(i = \d+\) in head")).first
    said.wait_for(timeout=60_000)
    return said.inner_text()


def test_a_typed_text_is_taken_apart_and_is_in_the_link(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK)
    last = len(detok.load("mini").tokenizer.encode("There stood old Captain Ahab")) - 1
    assert f"(i = {last}) in head 3" in sentence(page)
    box = page.get_by_role("textbox", name="Text", exact=True)
    box.fill("She was tranquil")
    box.press("Control+Enter")
    page.wait_for_url(re.compile("passage=She"))
    tokens = len(detok.load("mini").tokenizer.encode("She was tranquil"))
    page.get_by_text(f"(i = {tokens - 1}) in head 3").wait_for(timeout=60_000)
    shared = browser.visit(chromium, page.url)
    assert sentence(shared) == sentence(page)
    shared_box = shared.get_by_role("textbox", name="Text", exact=True)
    expect(shared_box).to_have_value("She was tranquil")


def test_a_click_on_a_cell_takes_its_pair_apart(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK)
    before = sentence(page)
    drawn = map_of_attention(page)
    box = drawn.bounding_box()
    # The first column, somewhere below the middle: a past token 0 of a later current token.
    for down in (0.55, 0.6, 0.65):
        drawn.click(position={"x": box["width"] * 0.4, "y": box["height"] * down})
        page.wait_for_timeout(1500)
        if "pair_i=" in page.url:
            break
    browser.settle(page)
    i, j = (re.search(f"pair_{letter}=(\\d+)", page.url)[1] for letter in "ij")
    page.get_by_text(f"(j = {j}) gets").first.wait_for(timeout=30_000)
    after = sentence(page)
    assert after != before
    assert f"(i = {i})" in after
    assert sentence(browser.visit(chromium, page.url)) == after


def test_a_dropped_term_changes_the_attention_and_is_in_the_link(
    chromium: Browser, address: str
) -> None:
    page = browser.visit(chromium, address + LINK)
    before = map_of_attention(page).screenshot()
    page.get_by_text("Drop ee").click()
    page.wait_for_url(re.compile("drop_ee=true"))
    page.get_by_text("Without ee: D(P‖Q) =").wait_for(timeout=30_000)
    assert map_of_attention(page).screenshot() != before
    shared = browser.visit(chromium, page.url)
    shared.get_by_text("Without ee: D(P‖Q) =").wait_for(timeout=60_000)


def test_an_upload_is_averaged(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK)
    sentence(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "mine.txt", "mimeType": "text/plain", "buffer": b"One text.\n\nAnd another."}
    )
    page.get_by_text("mine.txt").wait_for(timeout=30_000)
    browser.settle(page)
    page.get_by_role("button", name="Average over them").click()
    page.get_by_text("Mean over 2 of your texts").wait_for(timeout=60_000)


def test_a_long_run_can_be_cancelled(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, address + LINK + "&n_texts=120")
    sentence(page)
    browser.settle(page)
    page.get_by_role("button", name="Average over them").click()
    page.get_by_role("button", name="Cancel").click(timeout=30_000)
    page.get_by_text(re.compile(r"Stopped after \d+( of 120)? texts")).wait_for(timeout=30_000)
    browser.settle(page)
    assert page.get_by_text("Mean over 120").count() == 0
    assert page.get_by_role("button", name="Cancel").count() == 0
    expect(page.get_by_role("button", name="Average over them")).to_be_enabled()
    another = browser.visit(chromium, address + LINK + "&n_texts=4")
    sentence(another)
    browser.settle(another)
    another.get_by_role("button", name="Average over them").click()
    another.get_by_text("Mean over 4 excerpts").wait_for(timeout=120_000)

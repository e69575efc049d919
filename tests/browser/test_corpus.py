"""A visitor's own texts in a real browser: uploaded, counted, and used by another page."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks import browser

expect.set_options(timeout=20_000)  # as long as a busy machine takes
WORDS = "The tranquil librarian was unfit, and Sherlock Holmes slept. "
OWN = "tokens of mine.txt, your own, in this session alone"


def opened(chromium: Browser, url: str) -> Page:
    page = chromium.new_context().new_page()
    page.goto(url)
    page.get_by_role("heading", name="Your corpus").wait_for(timeout=120_000)
    browser.settle(page)
    return page


def upload_and_count(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Count", exact=True).click()
    page.get_by_text("your own, in this session").wait_for(timeout=60_000)
    browser.settle(page)


def test_affinity_uses_what_was_counted_and_a_link_says_so(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text(WORDS * 30)
    page = opened(chromium, f"{address}/Your_corpus")
    upload_and_count(page, tmp_path / "mine.txt")
    assert re.search(r"counts=mine\.txt", page.url)
    menu = page.get_by_test_id("stSidebar")
    menu.get_by_role("link", name="Token affinity").click()
    page.get_by_role("heading", name="Token affinity").wait_for()
    expect(page.get_by_text(OWN)).to_be_visible()
    assert re.search(r"counts=mine\.txt", page.url)
    other = chromium.new_context().new_page()
    other.goto(page.url)
    expect(other.get_by_text("made with counts of somebody")).to_be_visible(timeout=120_000)
    browser.settle(other)
    assert "counts=" not in other.url
    expect(other.get_by_text(OWN)).to_have_count(0)
    # One click leads to where they are changed, and back is back.
    page.get_by_role("link", name="Use other counts").click()
    page.get_by_role("heading", name="Your corpus").wait_for()
    page.get_by_role("button", name="Go back to the model's own counts").click()
    expect(page.get_by_text("your own, in this session")).to_have_count(0)
    browser.settle(page)
    assert "counts=" not in page.url


def test_the_file_is_taken_along_and_brought_back(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text(WORDS * 30)
    page = opened(chromium, f"{address}/Your_corpus")
    upload_and_count(page, tmp_path / "mine.txt")
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download these counts").click()
    kept = tmp_path / begun.value.suggested_filename
    begun.value.save_as(kept)
    url = page.url
    page.context.close()
    page = opened(chromium, f"{address}/Your_corpus")
    upload_and_count(page, kept)
    assert page.url == url

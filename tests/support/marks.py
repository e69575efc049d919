"""Clicks on what is drawn in a chart, in a real browser."""

from playwright.sync_api import Page

from benchmarks import browser


def click(page: Page, chart: int, mark: str, place: int = 0) -> None:
    """A click on one of the marks of a chart, by their numbers."""
    drawn = page.get_by_test_id("stVegaLiteChart").nth(chart)
    found = drawn.locator(f"svg .mark-{mark}.role-mark path").nth(place)
    found.scroll_into_view_if_needed(timeout=60_000)
    browser.settle(page)
    page.wait_for_timeout(500)
    found.click(force=True)

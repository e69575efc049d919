"""What axe-core finds on every page, in both themes, and a first visit with the keyboard alone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks import browser
from tests.support.pages import PAGES

axe = pytest.importorskip("axe_playwright_python")
AXE = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
NAMES = [page.removeprefix("pages/").removesuffix(".py").partition("_")[2] for page in PAGES]
GRAVE = ("serious", "critical")


def found(page: Page) -> list[str]:
    """The grave violations, each with the first element that has it."""
    page.evaluate(AXE)
    result = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:200]}"
        for one in result["violations"]
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_no_grave_violation(chromium: Browser, address: str, name: str, scheme: str) -> None:
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}/{name}")
    browser.settle(page)
    page.wait_for_timeout(1500)  # charts are drawn after the page's run
    assert not found(page)
    context.close()


def test_a_violation_is_found(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, f"{address}/Method")
    browser.settle(page)
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'data:,'}))")
    assert any(one.startswith("image-alt") for one in found(page))
    page.context.close()


def press_until(page: Page, focused: str, most: int = 80) -> None:
    """Tab, until what has the focus has this text or label."""
    for _ in range(most):
        page.keyboard.press("Tab")
        reached = page.evaluate(
            "(e => e.matches('a, button, input') ? `${e.ariaLabel} ${e.innerText}` : '')"
            "(document.activeElement)"
        )
        if focused in reached:
            # Whoever looks at the page sees where that is.
            assert page.evaluate("document.activeElement.matches(':focus-visible')")
            return
    raise AssertionError(f"{focused!r} was not reached")


def test_a_first_visit_with_the_keyboard_alone(chromium: Browser, address: str) -> None:
    """From the overview to a word's page, where another head is chosen."""
    page = browser.visit(chromium, address)
    page.get_by_role("link", name="Libertarian").wait_for(timeout=120_000)
    browser.settle(page)
    press_until(page, "Libertarian")
    page.keyboard.press("Enter")
    page.wait_for_url("**/Token_affinity?**text=Libertarian**")
    expect(page.get_by_role("heading", name="Token affinity")).to_be_visible()
    browser.settle(page)
    press_until(page, "Head")
    before = page.get_by_role("combobox", name="Head").first.input_value()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**head=**")
    browser.settle(page)
    assert page.get_by_role("combobox", name="Head").first.input_value() != before
    page.context.close()

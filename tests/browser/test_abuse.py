"""What a browser makes of what strangers have put into a link."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from benchmarks import browser


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x?y=1",
        "www.evil.example",
        "bob@evil.example",
        "<b>a</b><img src=https://evil.example/a.png>",
        "[a](https://evil.example) **a** $\\href{https://evil.example}{a}$",
    ],
)
def test_no_address_of_a_link_can_be_followed(chromium: Browser, address: str, text: str) -> None:
    page = browser.visit(
        chromium, f"{address}/LayerNorm_variance?model={quote(text)}&i={quote(text)}&head={text}"
    )
    browser.settle(page)
    alerts = page.get_by_test_id("stAlert")
    alerts.nth(2).wait_for()
    assert alerts.count() == 3
    for alert in alerts.all():
        assert text[:20] in alert.inner_text().replace("\N{WORD JOINER}", "")
        assert alert.locator("a, img, strong, em, .katex").count() == 0
    page.context.close()


def test_an_infinite_number_is_answered_in_a_sentence(chromium: Browser, address: str) -> None:
    page = browser.visit(chromium, f"{address}/Token_affinity?k=Infinity&sample=1e309&at_i=1e309")
    browser.settle(page)
    alerts = page.get_by_test_id("stAlert").filter(has_text="cannot be used for")
    alerts.nth(2).wait_for()
    assert page.get_by_test_id("stException").count() == 0
    for typed in ("1e309", "-1e309"):
        field = page.get_by_label("How many", exact=True)
        field.fill(typed)
        field.press("Enter")
        browser.settle(page)
        page.wait_for_timeout(500)
        browser.settle(page)
        assert page.get_by_test_id("stException").count() == 0
    page.context.close()

"""On a phone no page scrolls sideways, and in both themes letters stand out from their ground."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from benchmarks import browser

PAGES = {
    "Overview": "/",
    "Token affinity": "/Token_affinity",
    "Positional bias": "/Positional_bias",
    "LayerNorm variance": "/LayerNorm_variance",
    "Six-term contributions": "/Six-term_contributions",
    "Detokenizing heads": "/Detokenizing_heads",
    "Token frequency": "/Token_frequency",
    "Replication": "/Replication",
    "Method": "/Method",
}
VIEWS = ["?head=0", "?head=all"]
PHONE = {"width": 390, "height": 844}

WIDTHS = """() => {
  const main = document.querySelector("[data-testid=stMain]");
  return [main.scrollWidth, main.clientWidth];
}"""
# Letters with their contrast to the nearest ground that is not see-through; what is hidden, as the
# labels that Vega leaves out, is not there.
CONTRASTS = """() => {
  const parse = color => {
    const parts = color.match(/[\\d.]+/g).map(Number);
    return parts.length < 4 ? [...parts, 1] : parts;
  };
  const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) =>
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  const see = (e, color, opacity) => {
    for (let x = e; x; x = x.parentElement) opacity *= Number(getComputedStyle(x).opacity);
    if (!e.textContent.trim() || opacity === 0) return;
    const [ink, under] = [parse(color), ground(e)];
    const share = ink[3] * opacity;
    const drawn = ink.slice(0, 3).map((v, k) => v * share + under[k] * (1 - share));
    const [high, low] = [luminance(drawn), luminance(under)].sort((a, b) => b - a);
    found.push([e.textContent, (high + 0.05) / (low + 0.05)]);
  };
  const text = "h1, h2, h3, [data-testid=stCaptionContainer] p, [data-testid=stWidgetLabel] p, " +
    "[data-testid=stMain] [data-testid=stMarkdownContainer] p";
  // A slider's value stands above the thumb that it is a part of.
  for (const e of document.querySelectorAll(text))
    if (!e.closest("[data-testid=stSliderThumbValue]"))
      see(e, getComputedStyle(e).color, 1);
  // Letters on the coloured cells of a map (mark-text role-mark) have another ground.
  const chart = "[data-testid=stVegaLiteChart] svg .mark-text:not(.role-mark) text";
  for (const e of document.querySelectorAll(chart)) {
    const style = getComputedStyle(e);
    see(e, style.fill, Number(style.fillOpacity));
  }
  return found;
}"""


def visit(chromium: Browser, url: str, **context: object) -> Page:
    page = chromium.new_context(**context).new_page()
    page.goto(url)
    browser.settle(page)
    drawn = page.locator(
        "[data-testid=stVegaLiteChart] svg, [data-testid=stDataFrame] canvas, .katex"
    )
    drawn.first.wait_for(timeout=60_000)
    page.wait_for_timeout(1000)  # the other figures
    return page


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_a_phone_scrolls_no_page_sideways(
    chromium: Browser, address: str, path: str, view: str
) -> None:
    page = visit(chromium, address + path + view, viewport=PHONE)
    wide, seen = page.evaluate(WIDTHS)
    assert seen <= PHONE["width"]
    assert wide <= seen


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_letters_stand_out(chromium: Browser, address: str, path: str, theme: str) -> None:
    page = visit(chromium, address + path, color_scheme=theme)
    found = page.evaluate(CONTRASTS)
    assert len(found) > 5
    assert not [(text, round(contrast, 2)) for text, contrast in found if contrast < 4.5]


def test_one_page_after_the_other_shows_its_own_word(chromium: Browser, address: str) -> None:
    """Also the word that is the text's default, after another one."""
    page = visit(chromium, address)
    links = page.locator("[data-testid=stMain] a[href*='Token_affinity'][href*='text=']")
    hrefs = links.evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(hrefs) > 1
    for place in (len(hrefs) - 1, 0, 1):
        page.locator("[data-testid=stMain] a[href*='Token_affinity'][href*='text=']").nth(
            place
        ).click()
        page.wait_for_url("**/Token_affinity?**")
        browser.settle(page)
        box = page.get_by_role("textbox", name="Word or text")
        box.wait_for()
        page.wait_for_function("() => new URL(location).searchParams.has('text')")
        asked = page.evaluate("() => new URL(location).searchParams.get('text')")
        page.wait_for_timeout(500)
        assert box.input_value() == asked
        assert parse_qs(urlsplit(hrefs[place]).query)["text"] == [asked]
        page.locator("[data-testid=stSidebar] a").first.click()
        page.get_by_role("heading", level=1, name="detok").wait_for()
        browser.settle(page)

"""What leaves with a figure really arrives: from the dark theme, and shown without a network."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, Download, Page

import detok
from benchmarks import browser
from detok.tables import terms as tables

TEXT = "There stood old Captain Ahab"
LINK = f"/Six-term_contributions?head=1&passage={TEXT.replace(' ', '+')}"
MENU = "Data, picture, code, link"


@pytest.fixture(scope="module")
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The page of the six terms in the dark theme."""
    context = chromium.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(address + LINK)
    page.locator(".st-key-html button:visible").wait_for(timeout=90_000)
    browser.settle(page)
    yield page
    context.close()


def download(page: Page, key: str) -> Download:
    """What a click on a button gives."""
    with page.expect_download(timeout=90_000) as started:
        page.locator(f".st-key-{key} button:visible").click()
    return started.value


def test_the_files_of_a_figure_arrive_and_are_right(page: Page) -> None:
    page.locator(".st-key-menu-contributions").get_by_role("button", name=MENU).click()
    files = {}
    for ending in ("csv", "json", "svg", "png"):
        sent = download(page, f"{ending}-contributions")
        assert sent.suggested_filename == f"detok-mini-contributions.{ending}"
        files[ending] = Path(sent.path()).read_bytes()
    layer = detok.load("mini")
    ids = layer.tokenizer.encode(TEXT)
    table = tables.per_position(layer, ids, detok.contributions(layer, ids))
    table = table[table["head"] == 1].reset_index(drop=True)
    csv = pd.read_csv(io.BytesIO(files["csv"]), keep_default_na=False)
    pd.testing.assert_frame_equal(csv[table.columns], table, check_dtype=False)
    content = json.loads(files["json"])
    assert content["token_ids"] == ids
    assert content["model"] == "mini"
    assert len(content["rows"]) == len(table)
    svg = files["svg"].decode()
    assert "What each term contributes, head 1" in svg
    assert TEXT in svg
    assert "mini, sha256:" in svg
    picture = Image.open(io.BytesIO(files["png"])).convert("RGB")
    assert np.asarray(picture).mean() > 220
    ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", ground)[:3]) < 60
    page.keyboard.press("Escape")


def test_the_menu_has_the_code_and_the_link(page: Page) -> None:
    browser.settle(page)
    page.locator(".st-key-menu-pair").get_by_role("button", name=MENU).click()
    shown = page.get_by_test_id("stPopoverBody")
    shown.get_by_text("A link to what you see").wait_for(timeout=30_000)
    said = shown.inner_text()
    assert "detok.explain_pair(layer, ids" in said
    assert "head=1" in said
    assert "passage=There+stood" in said
    page.keyboard.press("Escape")


def test_the_bundle_has_the_figures_of_the_page(page: Page) -> None:
    browser.settle(page)
    with zipfile.ZipFile(download(page, "bundle").path()) as bundle:
        names = bundle.namelist()
        about = json.loads(bundle.read("provenance.json"))
    for name in ("contributions", "ranking", "attention", "pair", "terms"):
        assert {f"{name}/{name}.{end}" for end in ("csv", "svg", "png", "py")} <= set(names)
    assert "passage=There+stood" in about["link"]
    assert about["page"] == "Six-term contributions"


def test_the_html_shows_its_charts_without_a_network(
    page: Page, chromium: Browser, tmp_path: Path
) -> None:
    browser.settle(page)
    path = tmp_path / "page.html"
    download(page, "html").save_as(path)
    context = chromium.new_context(offline=True)
    alone = context.new_page()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(path.as_uri())
    alone.locator("svg.marks").nth(4).wait_for(timeout=60_000)
    assert alone.locator("svg.marks").count() == alone.locator("[id^=chart-]").count() == 5
    assert alone.locator("svg.marks").first.locator("path").count() > 5
    assert "detok.contributions(layer, ids)" in alone.inner_text("body")
    assert asked == [path.as_uri()]
    context.close()

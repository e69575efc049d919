"""The pages of detokenizing heads and of token frequency in a real browser, on a fresh server."""

import re

import pytest
from playwright.sync_api import Browser

import detok
from benchmarks import browser
from detok.app.cached import SAMPLE_SIZE
from detok.counting.counts import Counts
from detok.heads.measured import measured_on_sample
from detok.tables import heads as tables


def test_a_deep_link_on_a_fresh_server_shows_the_expected_numbers(
    chromium: Browser, address: str
) -> None:
    layer = detok.load("mini")
    counts = Counts.load(layer.source.folder / "counts.parquet")
    mean = tables.pairs(measured_on_sample(layer, counts, SAMPLE_SIZE, 5), counts)["mean"]
    page = browser.visit(chromium, address + "/Detokenizing_heads?sample=5&head=2&text=Holmes")
    row = browser.top_row(page)
    assert float(row[1]) == pytest.approx(mean[0], abs=0.0006)
    page.get_by_text("Where head 2 does best").wait_for()
    token = layer.tokenizer.encode("Holmes")[-1]
    n_past = len(counts.row(token)[0])
    page.get_by_text(f"{layer.tokenizer.show(token)} has {n_past:,} different").wait_for()


def test_all_tokens_are_cancelled_then_computed_for_every_visitor(
    chromium: Browser, address: str
) -> None:
    first = browser.visit(chromium, address + "/Detokenizing_heads?head=1")
    second = browser.visit(chromium, address + "/Detokenizing_heads?head=3")
    browser.settle(first)
    first.get_by_role("button", name="Compute all 2,048 tokens").click()
    first.get_by_role("button", name="Cancel").click()
    first.get_by_text("nothing of them is kept").wait_for(timeout=60_000)
    browser.settle(first)
    first.get_by_role("button", name="Compute all 2,048 tokens").click()
    first.get_by_text(re.compile("Over all 2,048 tokens. [0-9]+ ha(ve|s) no")).wait_for(
        timeout=120_000
    )
    assert first.get_by_role("button", name="Compute all").count() == 0
    second.reload()
    second.get_by_text(re.compile("Over all 2,048 tokens. [0-9]+ ha(ve|s) no")).wait_for(
        timeout=60_000
    )
    assert "head=3" in second.url


def test_token_frequency_is_drawn_and_its_choices_are_in_the_link(
    chromium: Browser, address: str
) -> None:
    page = browser.visit(chromium, address + "/Token_frequency?head=0")
    chart = page.get_by_test_id("stVegaLiteChart").first
    chart.locator("canvas, svg").first.wait_for(timeout=60_000)
    page.get_by_text("Head 0 tends to ask attention for rare tokens").wait_for()
    page.get_by_text("Tokens that never occur").wait_for()
    browser.settle(page)
    measure = page.get_by_role("combobox", name="Measure")
    measure.scroll_into_view_if_needed()  # scrolling would close the list of options
    page.wait_for_timeout(1000)
    measure.click()
    page.get_by_role("option", name="Tᵉ, head 0", exact=True).click()
    page.wait_for_url(re.compile("measure=T"))
    page.get_by_text("Tᵉ, head 0: furthest from").wait_for()
    again = browser.visit(chromium, page.url)
    again.get_by_text("Tᵉ, head 0: furthest from").wait_for(timeout=60_000)

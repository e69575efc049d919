"""Cells of the backward lens and points of the forward shift are clicked in a real browser."""

import re

from playwright.sync_api import Browser, expect

import detok
from benchmarks import browser
from detok.tables import lens as tables
from detok.tables.shift import ETAS
from tests.support.marks import click

expect.set_options(timeout=20_000)  # as long as a busy machine takes
TEXT = "There stood old Captain Ahab"


def test_a_cell_shows_its_tokens_and_a_point_chooses_eta(chromium: Browser, address: str) -> None:
    model = detok.load_model("mini")
    run = detok.run(model, model.tokenizer.encode(TEXT))
    cells = tables.cells(detok.backward_lens(run), "second")
    cell = cells[cells["norm"] > 0].iloc[0]
    last = model.n_layers - 1
    page = chromium.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    # In the last layer nothing is written at the first position.
    passage = TEXT.replace(" ", "+")
    page.goto(f"{address}/Backward_lens?passage={passage}&layer={last}&at=0&model=mini")
    expect(page.get_by_text("the norm of the VJP is 0.")).to_be_visible(timeout=120_000)
    browser.settle(page)
    click(page, 0, "rect", int((cells["norm"] == 0).sum()))  # after the grey ones
    page.wait_for_url(re.compile(f"at={cell['position']}(&|$)"))
    shown = f"“{model.tokenizer.show(cell['token_id'])}”"
    said = f"Layer {cell['layer']}, position {cell['position']}, {shown}"
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(2)
    browser.settle(page)
    click(page, 2, "symbol")
    page.wait_for_url(re.compile(f"eta={ETAS[0]}(&|$)"))
    expect(page.get_by_text(f"by η = {ETAS[0]:g}.")).to_be_visible()

"""Marks and rows are clicked in a real browser: where they lead, and what Back undoes."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import detok
from benchmarks import browser
from detok.app import examples
from detok.tables import frequency
from detok.tables.common import sampled
from tests.support.marks import click

expect.set_options(timeout=20_000)  # as long as a busy machine takes
LAYER = detok.load("mini")
TEXT = "There stood old Captain Ahab"
TERMS = f"/Six-term_contributions?passage={TEXT.replace(' ', '+')}&model=mini"
PIECES = LAYER.tokenizer.encode("Mr. Sherlock")


def best(token: int, head: int, place: int = 0) -> int:
    return int(detok.affinity(LAYER, token, heads=head, k=place + 1)["token_id"].iloc[place])


def walk(head: int, place: int) -> set[int]:
    """The tokens that are come to from one to the next, beginning with the last piece."""
    tokens = [PIECES[-1]]
    for _ in range(2):
        tokens.append(best(tokens[-1], head, place))
    return set(tokens)


# In which a walk leads to other tokens: some heads give most to copies.
HEAD = next(h for h in range(LAYER.n_heads) if len(walk(h, 0)) == len(walk(h, 2)) == 3)
AFFINITY = f"/Token_affinity?text=Mr.+Sherlock&head={HEAD}&model=mini"
ROW = 35  # pixels of a row of a table, and of its head


def opened(chromium: Browser, url: str) -> Page:
    page = chromium.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    page.goto(url)
    page.locator(".st-key-bar").wait_for(timeout=120_000)
    browser.settle(page)
    return page


def click_row(page: Page, place: int, x: int) -> None:
    """A click on a row of the page's first table, so many pixels from its left end."""
    grid = page.get_by_test_id("stDataFrame").first
    grid.locator("canvas").first.wait_for(timeout=60_000)
    grid.scroll_into_view_if_needed()
    browser.settle(page)
    page.wait_for_timeout(500)
    grid.click(position={"x": x, "y": ROW * (place + 1) + ROW / 2})


def token(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Token", exact=True)


def test_a_bar_chooses_its_token_and_back_undoes_it(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + AFFINITY)
    first = best(PIECES[-1], HEAD)
    click(page, 1, "rect")
    page.wait_for_url(re.compile(f"token={first}(&|$)"))
    expect(token(page)).to_have_value(re.compile(f"#{first}$"))
    browser.settle(page)
    # Along the tokens, with the same mark again.
    second = best(first, HEAD)
    click(page, 1, "rect")
    page.wait_for_url(re.compile(f"token={second}(&|$)"))
    browser.settle(page)
    page.go_back()
    expect(token(page)).to_have_value(re.compile(f"#{first}$"))
    browser.settle(page)
    page.go_back()
    expect(token(page)).to_have_value(re.compile(f"#{PIECES[-1]}$"))
    browser.settle(page)
    assert page.url == address + AFFINITY
    # Neither did it fire again, nor is it spent.
    page.wait_for_timeout(1000)
    assert page.url == address + AFFINITY
    click(page, 1, "rect")
    page.wait_for_url(re.compile(f"token={first}(&|$)"))


def test_a_row_of_a_table_chooses_its_token(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + AFFINITY)
    third = best(PIECES[-1], HEAD, 2)
    click_row(page, 2, 120)
    page.wait_for_url(re.compile(f"token={third}(&|$)"))
    expect(token(page)).to_have_value(re.compile(f"#{third}$"))
    browser.settle(page)
    after = best(third, HEAD, 2)
    click_row(page, 2, 120)
    page.wait_for_url(re.compile(f"token={after}(&|$)"))


def test_a_cell_of_all_heads_in_a_table_chooses_its_head_too(
    chromium: Browser, address: str
) -> None:
    page = opened(chromium, address + AFFINITY.replace(f"head={HEAD}", "head=all"))
    click_row(page, 1, 130)  # behind the ranks
    page.wait_for_url(re.compile(r"head=\d"))
    head = int(re.search(r"head=(\d+)", page.url)[1])
    assert re.search(rf"token={best(PIECES[-1], head, 1)}(&|$)", page.url)


@pytest.mark.parametrize("place", [0, 1])
def test_a_cell_of_the_ranks_chooses_its_piece_and_head(
    chromium: Browser, address: str, place: int
) -> None:
    page = opened(chromium, address + "/Token_affinity?text=tranquility&head=1&model=mini")
    click(page, 0, "rect", place)
    page.wait_for_url(re.compile(r"token=\d+&head=\d|head=\d+&.*token="))
    browser.settle(page)
    pieces = LAYER.tokenizer.encode("tranquility")
    assert re.search(rf"token={pieces[1]}(&|$)", page.url)
    assert re.search(rf"head={place}(&|$)", page.url)


def test_a_cell_of_a_heat_map_chooses_token_i(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + AFFINITY + "&tokens=old+Captain")
    tokens = list(dict.fromkeys(LAYER.tokenizer.encode("old Captain")))
    click(page, 3, "rect", len(tokens))  # of the second row
    page.wait_for_url(re.compile(f"token={tokens[1]}(&|$)"))
    expect(token(page)).to_have_value(re.compile(f"#{tokens[1]}$"))


def test_a_point_of_a_scatter_leads_to_its_token_and_back(chromium: Browser, address: str) -> None:
    page = opened(
        chromium, address + "/Token_frequency?head=1&measure=T%E1%B5%89%2C+head+1&model=mini"
    )
    was = page.url
    every = frequency.tokens(LAYER, detok.counts_for(LAYER))
    drawn = sampled(frequency.with_trend(every, "head_1"), LAYER)
    chosen = int(drawn["token_id"].iloc[0])
    click(page, 0, "symbol")
    page.wait_for_url(re.compile(f"Token_affinity.*token={chosen}(&|$)"))
    assert "head=1" in page.url
    expect(token(page)).to_have_value(re.compile(f"#{chosen}$"))
    browser.settle(page)
    page.go_back()
    page.get_by_role("heading", name="Token frequency").wait_for()
    browser.settle(page)
    page.wait_for_timeout(1000)
    assert page.url == was
    expect(page.get_by_role("combobox", name="Measure")).to_have_value("Tᵉ, head 1")
    click(page, 0, "symbol")
    page.wait_for_url(re.compile(f"Token_affinity.*token={chosen}(&|$)"))


def test_a_cell_of_all_heads_chooses_its_head_and_pair(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + TERMS)
    was = page.url
    page.get_by_role("combobox", name="Head", exact=True).click()
    page.get_by_role("option", name="all", exact=True).click()
    page.wait_for_url(re.compile("head=all"))
    browser.settle(page)
    click(page, 2, "rect", 1)  # i = 1 and j = 0 of the first head
    page.get_by_text("(i = 1) in head 0").wait_for(timeout=30_000)
    assert "pair_i=1" in page.url
    assert "pair_j=0" in page.url
    page.go_back()
    expect(page.get_by_role("combobox", name="Head", exact=True)).to_have_value("all")
    browser.settle(page)
    page.go_back()
    expect(page.get_by_role("combobox", name="Head", exact=True)).to_have_value("0")
    assert page.url == was


def test_a_line_and_a_map_of_the_terms_choose_a_pair(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + TERMS + "&head=2")
    click(page, 0, "symbol", 1)
    page.wait_for_url(re.compile("pair_j"))
    browser.settle(page)
    i, j = (re.search(f"pair_{letter}=(\\d+)", page.url)[1] for letter in "ij")
    page.get_by_text(f"(i = {i}) in head 2").first.wait_for(timeout=30_000)
    page.get_by_text(f"(j = {j}) gets").first.wait_for(timeout=30_000)
    click(page, 4, "rect", 2)
    page.wait_for_url(re.compile("pair_i=1&.*pair_j=1|pair_j=1&.*pair_i=1|pair_i=1&pair_j=1"))


def test_a_bar_of_a_head_chooses_it(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + "/Detokenizing_heads?head=1&text=Holmes&model=mini")
    head = page.get_by_role("combobox", name="Head", exact=True)
    for place in (2, 3):
        click(page, 0, "rect", place)
        expect(head).to_have_value(str(place))
        browser.settle(page)
    page.go_back()
    expect(head).to_have_value("2")


def test_a_position_leads_to_what_it_is_given(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + "/LayerNorm_variance?head=1&model=mini")
    click(page, 1, "rect", 4)
    page.wait_for_url(re.compile(r"Positional_bias\?.*\bi=4(&|$)"))
    page.get_by_role("heading", name="Positional bias").wait_for()
    assert "head=1" in page.url


@pytest.mark.parametrize("is_text", [True, False])
def test_a_joined_string_takes_its_pair_apart_where_it_is_a_text(
    chromium: Browser, address: str, is_text: bool
) -> None:
    last = PIECES[-1]
    found = (
        (head, place, examples.apart(LAYER, best(last, head, place), last)[1])
        for head in range(LAYER.n_heads)
        for place in range(8)
    )
    head, place, i = next(row for row in found if (row[2] is not None) == is_text)
    page = opened(chromium, address + AFFINITY.replace(f"head={HEAD}", f"head={head}"))
    click_row(page, place, 245)
    if not is_text:
        page.get_by_text("cannot be taken apart").wait_for()
        assert "Token_affinity" in page.url
        return
    page.wait_for_url(re.compile(f"Six-term.*pair_i={i}&pair_j={i - 1}"))
    page.get_by_text(f"(i = {i}) in head {head}").wait_for(timeout=30_000)
    page.go_back()
    expect(token(page)).to_have_value(re.compile(f"#{last}$"))

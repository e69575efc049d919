"""A visit in a real browser: along the pages, back, on a phone, and from a link."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import detok
from benchmarks import browser

expect.set_options(timeout=20_000)  # as long as a busy machine takes
LINK = "/Token_affinity?head=1&text=Mr.+Sherlock&model=mini"
TERMS = "/Six-term_contributions?head=1&passage=There+stood+old+Captain+Ahab&model=mini"


def opened(chromium: Browser, url: str, **more: object) -> Page:
    page = chromium.new_context(**more).new_page()
    page.goto(url)
    page.locator(".st-key-bar").wait_for(timeout=120_000)
    browser.settle(page)
    return page


def in_menu(page: Page, name: str) -> Locator:
    """The link to a page in the sidebar."""
    return page.get_by_test_id("stSidebar").get_by_role("link", name=name)


def head(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Head", exact=True)


def token(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Token", exact=True)


def choose_head(page: Page, number: str) -> None:
    head(page).click()
    page.get_by_role("option", name=number, exact=True).click()
    page.wait_for_url(re.compile(f"head={number}"))
    browser.settle(page)


def test_back_undoes_one_choice_and_forward_makes_it_again(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + LINK)
    choose_head(page, "2")
    choose_head(page, "3")
    page.get_by_role("spinbutton", name="How many").fill("5")
    page.get_by_role("spinbutton", name="How many").press("Enter")
    page.wait_for_url(re.compile("k=5"))
    browser.settle(page)
    page.go_back()
    expect(page.get_by_role("spinbutton", name="How many")).to_have_value("20")
    expect(head(page)).to_have_value("3")
    page.go_back()
    expect(head(page)).to_have_value("2")
    page.go_back()
    expect(head(page)).to_have_value("1")
    assert page.url == address + LINK
    page.go_forward()
    expect(head(page)).to_have_value("2")
    browser.settle(page)
    assert "head=2" in page.url


def test_an_act_that_changes_several_choices_is_one_step_back(
    chromium: Browser, address: str
) -> None:
    page = opened(chromium, address + TERMS + "&pair_i=3&pair_j=1")
    page.get_by_role("button", name="A name said twice").click()
    page.wait_for_url(re.compile("passage=Sherlock"))
    browser.settle(page)
    assert "pair_" not in page.url
    page.go_back()
    text = page.get_by_role("textbox", name="Text", exact=True)
    expect(text).to_have_value("There stood old Captain Ahab")
    expect(page.get_by_role("spinbutton", name="Current i")).to_have_value("3")
    expect(page.get_by_role("spinbutton", name="Past j")).to_have_value("1")


def test_reset_is_undone_by_back(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + LINK)
    page.get_by_role("button", name="Reset this page").click()
    page.wait_for_url(re.compile(r"\?model=mini$"))
    expect(head(page)).to_have_value("all")
    browser.settle(page)
    page.go_back()
    expect(head(page)).to_have_value("1")
    word = page.get_by_role("textbox", name="Word or text")
    expect(word).to_have_value("Mr. Sherlock")


def test_head_and_text_go_along_and_back_goes_the_way_that_was_come(
    chromium: Browser, address: str
) -> None:
    page = opened(chromium, address + LINK)
    in_menu(page, "Replication").click()
    page.get_by_role("heading", name="Replication").wait_for()
    in_menu(page, "Positional bias").click()
    expect(head(page)).to_have_value("1")
    browser.settle(page)
    choose_head(page, "2")
    in_menu(page, "Token affinity").click()
    expect(head(page)).to_have_value("2")
    expect(page.get_by_role("textbox", name="Word or text")).to_have_value("Mr. Sherlock")
    browser.settle(page)
    page.go_back()
    page.get_by_role("heading", name="Positional bias").wait_for()
    browser.settle(page)
    page.go_back()
    expect(head(page)).to_have_value("1")
    browser.settle(page)
    page.go_back()
    page.get_by_role("heading", name="Replication").wait_for()
    browser.settle(page)
    page.go_back()
    expect(page.get_by_role("textbox", name="Word or text")).to_have_value("Mr. Sherlock")
    assert page.url == address + LINK


def test_a_piece_of_a_text_leads_to_its_affinity_and_back_to_the_text(
    chromium: Browser, address: str
) -> None:
    layer = detok.load("mini")
    pieces = layer.tokenizer.encode("There stood old Captain Ahab")
    page = opened(chromium, address + TERMS + "&pair_i=3")
    page.get_by_test_id("stButtonGroup").get_by_role("radio").nth(2).click()
    page.wait_for_url(re.compile(f"Token_affinity.*token={pieces[2]}"))
    expect(token(page)).to_have_value(re.compile(rf"#{pieces[2]}$"))
    expect(head(page)).to_have_value("1")
    browser.settle(page)
    page.go_back()
    page.get_by_role("heading", name="Six-term contributions").wait_for()
    text = page.get_by_role("textbox", name="Text", exact=True)
    expect(text).to_have_value("There stood old Captain Ahab")
    expect(page.get_by_role("spinbutton", name="Current i")).to_have_value("3")
    expect(head(page)).to_have_value("1")


def test_a_token_is_found_by_its_id_or_a_part_and_a_wrong_id_is_refused(
    chromium: Browser, address: str
) -> None:
    layer = detok.load("mini")
    page = opened(chromium, address + LINK)

    def type_(text: str) -> None:
        token(page).click()
        page.keyboard.type(text)
        page.keyboard.press("Enter")

    type_("#58")
    page.wait_for_url(re.compile("token=58"))
    browser.settle(page)
    part = layer.tokenizer.text(300).strip()
    best = layer.tokenizer.search(part)[0]
    type_(f"#{layer.vocab_size}")
    page.get_by_text("is out of range; expected 0 ≤ id").wait_for()
    expect(token(page)).to_have_value(re.compile("#58$"))
    browser.settle(page)
    type_(part)
    page.wait_for_url(re.compile(f"token={best}&|token={best}$"))
    expect(token(page)).to_have_value(re.compile(f"#{best}$"))


def test_all_tokens_are_searched_as_one_types(chromium: Browser, address: str) -> None:
    layer = detok.load("mini")
    page = opened(chromium, address + LINK)
    wanted = layer.vocab_size - 7
    label = f"All {layer.vocab_size:,} tokens"
    assert page.get_by_role("combobox", name=label).count() == 0
    page.locator("[class*=st-key-search-] button:visible").click()
    page.get_by_role("combobox", name=label).click()
    page.keyboard.type(f"#{wanted}")
    option = page.get_by_role("option").first
    expect(option).to_have_text(re.compile(f"#{wanted}$"))
    option.click()
    page.wait_for_url(re.compile(f"token={wanted}"))
    expect(token(page)).to_have_value(re.compile(f"#{wanted}$"))
    expect(page.get_by_role("combobox", name=label)).to_have_count(0)


def test_what_does_not_fit_in_a_link_is_named_and_leaves_the_address(
    chromium: Browser, address: str
) -> None:
    page = opened(chromium, address + "/Positional_bias?head=99&i=9999&model=mini")
    page.get_by_text("“99” cannot be used for “Head”").wait_for()
    page.get_by_text("“9999” cannot be used for “Current position i”").wait_for()
    page.wait_for_url(re.compile(r"\?model=mini$"))


def test_a_model_that_cannot_be_loaded_leaves_the_address(
    chromium: Browser, tmp_path: Path
) -> None:
    silent = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    with browser.server(**silent) as address:
        page = opened(chromium, address + "/Positional_bias?head=2&model=distilgpt2")
        page.get_by_text("distilgpt2 could not be loaded").wait_for(timeout=60_000)
        page.wait_for_url(re.compile("model=mini"))
        expect(head(page)).to_have_value("2")


def test_nothing_offers_to_deploy_the_app(chromium: Browser, address: str) -> None:
    page = opened(chromium, address + LINK)
    assert page.get_by_role("button", name="Deploy").count() == 0
    assert page.get_by_test_id("stSidebarNav").count() == 0


@pytest.fixture(params=["light", "dark"])
def phone(request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    return {"viewport": {"width": 390, "height": 844}, "color_scheme": request.param}


def test_on_a_phone_the_bar_stays_in_view_in_one_row_and_the_menu_closes(
    chromium: Browser, address: str, phone: dict[str, object]
) -> None:
    page = opened(chromium, address + LINK, **phone)
    main = page.get_by_test_id("stMain")
    main.evaluate("main => main.scrollTo(0, 1500)")
    page.wait_for_function(
        "() => document.querySelector('.st-key-bar').getBoundingClientRect().y >= 0"
    )
    bar = page.locator(".st-key-bar").bounding_box()
    assert 0 <= bar["y"] < 70
    assert bar["height"] < 110
    assert bar["x"] >= 0
    assert bar["x"] + bar["width"] <= 390
    for field in (page.get_by_role("textbox", name="Word or text"), token(page), head(page)):
        box = field.bounding_box()
        assert bar["y"] <= box["y"] <= bar["y"] + bar["height"]
        assert box["x"] + box["width"] <= 390
    page.get_by_test_id("stExpandSidebarButton").click()
    in_menu(page, "Positional bias").click()
    page.get_by_role("heading", name="Positional bias").wait_for()
    page.get_by_test_id("stExpandSidebarButton").wait_for()
    assert page.get_by_test_id("stSidebar").bounding_box()["x"] < 0


def test_the_choice_of_a_head_is_in_view_of_the_map_that_it_changes(
    chromium: Browser, address: str
) -> None:
    page = opened(chromium, address + TERMS)
    page.get_by_role("heading", name="Who attends to whom").scroll_into_view_if_needed()
    page.get_by_role("heading", name="The terms of every pair").scroll_into_view_if_needed()
    expect(head(page)).to_be_in_viewport()

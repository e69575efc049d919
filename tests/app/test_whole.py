"""What every page of the whole model begins with: all layers, a text, and the token after it."""

from pathlib import Path

import pytest
import torch

import detok
from detok.app import cached, navigation, whole
from detok.readings import run as readings
from tests.support.families import MODELS, random_member
from tests.support.models import random_checkpoint
from tests.support.pages import ROOT, run, succeed, texts
from tests.support.tokenizers import KINDS

PAGES = [
    place.path
    for place in navigation.PLACES.values()
    if place.group == "The whole model" and (ROOT / place.path).exists()
]
ANY = PAGES[0]


@pytest.fixture
def three_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A random model of three layers, which the app opens on."""
    random_checkpoint(tmp_path, n_layer=3, n_positions=200)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    return tmp_path


@pytest.fixture
def bert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of another family, which the app opens on."""
    name, config = MODELS["bert"][0]
    tokenizer = KINDS["bert"]()
    random_member(tmp_path, name, {**config, "vocab_size": len(tokenizer)})
    tokenizer.save_pretrained(tmp_path)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))


def said(found: detok.Run) -> str:
    """The sentence of the target, as `texts` has it."""
    return readings.target(found).replace("\\", "")


@pytest.mark.parametrize("page", PAGES)
def test_a_family_without_all_layers_is_led_elsewhere(bert: None, page: str) -> None:
    test = run(page)
    assert "expected 'gpt2' where all layers are needed" in texts(test)
    assert "The first layer alone" in [found.proto.label for found in test.get("page_link")]
    (button,) = [button for button in test.button if button.label == "See this page in mini"]
    succeed(button.click().run())
    assert test.selectbox(key="model").value == "mini"
    assert "After this text of" in texts(test)


@pytest.mark.parametrize("page", PAGES)
def test_a_text_may_be_of_any_length(three_layers: Path, page: str) -> None:
    assert "After this text of 1 token," in texts(run(page, passage="a"))
    long = texts(run(page, passage="a" * 199))
    assert f"After this text of {whole.MAX_TOKENS} tokens" in long
    assert f"Used: the first {whole.MAX_TOKENS} of 199 tokens, as many as this page takes" in long
    empty = texts(run(page, passage=" "))
    assert "After this text of" in empty


def test_an_empty_text_is_named_and_replaced(three_layers: Path) -> None:
    test = run(ANY)
    succeed(test.text_area(key="passage").set_value("").run())
    assert "The text is empty" in texts(test)
    assert f"Shown instead: “{whole.EXAMPLES['A city']}”" in texts(test)


def test_the_target_is_the_best_token_until_one_is_chosen(three_layers: Path) -> None:
    model = detok.load_model(three_layers)
    ids = model.tokenizer.encode("a cat")
    best = detok.run(model, ids)
    second = best.log_probs.topk(2).indices[1].item()
    other = detok.run(model, ids, second)
    test = run(ANY, passage="a cat")
    assert test.selectbox(key="target").value == best.target
    assert said(best) in texts(test)
    succeed(test.selectbox(key="target").select(second).run())
    assert said(other) in texts(test)
    assert test.query_params["target"] == str(second)
    assert said(other) in texts(run(ANY, passage="a cat", target=str(second)))


@pytest.mark.parametrize("target", ["-1", "300", "x", "1e9", "9" * 30])
def test_a_target_that_is_none_is_named(three_layers: Path, target: str) -> None:
    assert "cannot be used for “Target”: expected the id of a token, from 0 to 299" in texts(
        run(ANY, target=target)
    )


def test_a_layer_that_is_none_is_named(three_layers: Path) -> None:
    assert run(ANY, layer="2").selectbox(key="layer").value == 2
    assert "“3” cannot be used for “Layer”: expected one of 0, 1, 2" in texts(run(ANY, layer="3"))


def test_a_run_is_one_for_all_visitors_and_goes_with_its_model(
    three_layers: Path, checkpoint: Path
) -> None:
    layer, other = detok.load(three_layers), detok.load(checkpoint)
    model = cached.whole_model(layer)
    assert cached.whole_model(detok.load(three_layers)) is model
    first = cached.run_of(model, (1, 2), None)
    assert cached.run_of(model, (1, 2), None) is first
    cached.whole_model(other)
    assert cached.whole_model(layer) is not model
    assert cached.run_of(model, (1, 2), None) is not first


def test_the_sentence_of_the_target(three_layers: Path) -> None:
    found = detok.run(detok.load_model(three_layers), [1, 2, 3], 5)
    probability = found.log_probs.exp()
    assert found.rank == 1 + int((probability > probability[5]).sum())
    sentence = readings.target(found)
    assert f"probability {probability[5]:.3g}: rank {found.rank} of 300 tokens" in sentence
    assert f"{-torch.log(probability[5]):.2f} nats" in sentence

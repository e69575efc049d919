"""All layers of a model of the hub: fetched once, into the hub's own cache."""

import json
from pathlib import Path

import pytest
import torch
from transformers import GPT2LMHeadModel

from tests.model.hub.conftest import UNWANTED
from tests.support.hub_checks import assert_refused
from tests.support.hub_client import Client
from tests.support.hub_server import Hub

pytestmark = pytest.mark.slow


def probability(folder: Path) -> float:
    """Of the token that the model finds most probable after 1, 2, 3."""
    model = GPT2LMHeadModel.from_pretrained(folder).eval()
    with torch.no_grad():
        return model(torch.tensor([[1, 2, 3]])).logits[0, -1].softmax(0).max().item()


def test_fetches_a_whole_model_once(hub: Hub, client: Client, model: str, folder: Path) -> None:
    answer = client.whole(model)
    assert answer["error"] is None
    assert answer["probability"] == pytest.approx(probability(folder), abs=1e-5)
    size = (folder / "model.safetensors").stat().st_size
    assert answer["reported"][-1] == [size, size]
    assert answer["folder"].startswith(str(client.cache))
    assert not set(hub.files_asked(model)) & set(UNWANTED)
    hub.requests.clear()
    again = client.whole(model)
    assert again["reported"] == []
    assert again["probability"] == answer["probability"]
    assert not hub.files_asked(model)
    # A first layer comes from there too.
    assert client.load(model)["error"] is None
    assert "model.safetensors" not in hub.files_asked(model)


def test_of_several_files(hub: Hub, client: Client, folder: Path, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    GPT2LMHeadModel.from_pretrained(folder).save_pretrained(shards, max_shard_size="20KB")
    assert len(list(shards.glob("*.safetensors"))) > 1
    (shards / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    hub.add("owner/shards", shards)
    answer = client.whole("owner/shards")
    assert answer["error"] is None
    assert answer["probability"] == pytest.approx(probability(folder), abs=1e-5)
    sizes = [here for here, _ in answer["reported"]]
    assert sizes == sorted(sizes)


def test_given_up_and_taken_up(hub: Hub, client: Client, large: str) -> None:
    given_up = client.whole(large, give_up_at=1)
    assert given_up["sentence"] == "given up"
    answer = client.whole(large)
    assert answer["error"] is None
    here, wanted = answer["reported"][-1]
    assert here == wanted


def test_what_is_refused(hub: Hub, client: Client, model: str, folder: Path) -> None:
    assert_refused(client.whole("owner/none"), "neither a folder here nor a public model")
    config = json.loads((folder / "config.json").read_text())
    neo = {"model_type": "gpt_neo", "hidden_size": 16, "num_heads": 2, "num_layers": 1}
    (folder / "config.json").write_text(json.dumps(config | neo))
    answer = client.whole(model)
    assert_refused(answer, "first layer only", "expected 'gpt2'", kind="CheckpointError")
    assert "model.safetensors" not in hub.files_asked(model)

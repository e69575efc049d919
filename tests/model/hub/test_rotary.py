"""What is fetched of a model with rotary positions: the first layer, and nothing of its head."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import detok
from detok.model.families import family_of
from detok.model.files import read_config, shards
from tests.support.families import random_member
from tests.support.hub_client import Client
from tests.support.hub_server import Hub
from tests.support.rotary import ROTARY

pytestmark = pytest.mark.slow
TIED = {"tie_word_embeddings": True}


@pytest.mark.parametrize("in_shards", [False, True])
@pytest.mark.parametrize(
    ("family", "more"),
    [("llama", {}), ("qwen2", TIED), ("gemma3", {}), ("gpt_neox", {}), ("stablelm", {})],
)
def test_only_the_first_layer_is_fetched(
    hub: Hub, client: Client, tmp_path: Path, family: str, more: Mapping[str, Any], in_shards: bool
) -> None:
    name, config = ROTARY[family][0]
    whole = random_member(tmp_path, name, {**config, **more})
    if in_shards:
        (tmp_path / "model.safetensors").unlink()
        whole.save_pretrained(tmp_path, max_shard_size="8kB")
        assert len(set(shards(tmp_path).values())) > 1
    model = f"owner/{family}{len(more)}{in_shards}"
    hub.add(model, tmp_path)
    hub.requests.clear()
    answer = client.fetch(model)
    assert answer["error"] is None, answer
    home = client.entries / model.replace("/", "--")
    (entry,) = [path for path in home.iterdir() if path.is_dir()]
    plan = family_of(read_config(tmp_path)).plan(read_config(tmp_path))
    found = load_file(entry / "model.safetensors")
    assert len(found) == len(plan.shapes)
    assert not any("layers.1." in key or "lm_head" in key or "v_proj" in key for key in found)
    fetched, here = (detok.load(folder, device="cpu") for folder in (entry, tmp_path))
    assert isinstance(fetched, detok.RotaryLayer)
    assert torch.equal(fetched.K, here.K)
    ids = [5, 6, 7, 8]
    assert torch.equal(detok.terms(fetched, ids).total, detok.terms(here, ids).total)

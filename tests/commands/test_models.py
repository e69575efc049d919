"""`python -m detok models`: what is on this machine, and what could be."""

import os
import shutil
from pathlib import Path

import pytest
import transformers

from detok.bundled import BUNDLED
from detok.commands.main import main
from detok.model.amounts import in_bytes
from detok.model.known import KNOWN
from detok.model.sizes import sizes_of
from tests.support.commands import Machine
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint

pytestmark = pytest.mark.slow


def rows(machine: Machine) -> dict[tuple[str, str], list[str]]:
    """The lines, by id and the kind that it is of: bytes, unit, heads, "heads", positions, …"""
    shown, complained = machine.run("models")
    assert not complained
    split = [line.split() for line in shown.splitlines()]
    assert len({line.index("heads") for line in shown.splitlines()}) == 1
    return {(row[0], row[7]): row[1:] for row in split}


def test_a_new_machine_has_the_bundled_one(hub: Hub, machine: Machine) -> None:
    found = rows(machine)
    size = in_bytes((BUNDLED["mini"] / "model.safetensors").stat().st_size).split()
    assert found["mini", "bundled"] == [*size, "8", "heads", "256", "positions", "bundled"]
    away = [id_ for id_, kind in found if kind == "not"]
    assert away == list(KNOWN)
    assert found["gpt2", "not"][:6] == ["167", "MB", "12", "heads", "1,024", "positions"]
    assert found["gpt2-xl", "not"][:2] == ["369", "MB"]
    assert not hub.requests
    assert not machine.entries.exists()


def test_first_layers_and_whole_checkpoints(
    hub: Hub, machine: Machine, checkpoint: Path, tmp_path: Path
) -> None:
    for id_ in ("gpt2", "owner/damaged"):
        hub.add(id_, checkpoint)
        machine.run("fetch", id_)
    for weights in machine.entries.glob("owner--damaged/*/model.safetensors"):
        weights.write_bytes(weights.read_bytes()[:-1])
    # As another program leaves them.
    cache = machine.home / "hf" / "hub"
    commit = "0123456789" * 4
    for id_, config in (("owner/whole", None), ("owner/mixtral", '{"model_type": "mixtral"}')):
        home = cache / f"models--{id_.replace('/', '--')}"
        shutil.copytree(checkpoint, home / "snapshots" / commit)
        (home / "refs").mkdir()
        (home / "refs" / "main").write_text(commit)
        if config is not None:
            (home / "snapshots" / commit / "config.json").write_text(config)
    found = rows(machine)
    commit_of_gpt2 = hub.add("gpt2", checkpoint)
    entry = machine.entries / "gpt2" / commit_of_gpt2 / "model.safetensors"
    size = f"{entry.stat().st_size / 1000:.1f}"
    shown = f"{size} kB 2 heads 16 positions first layer {commit_of_gpt2}"
    assert found["gpt2", "first"] == shown.split()
    size = f"{(checkpoint / 'model.safetensors').stat().st_size / 1000:.1f}"
    shown = f"{size} kB 2 heads 16 positions whole checkpoint {commit}"
    assert found["owner/whole", "whole"] == shown.split()
    ids = [id_ for id_, _ in found]
    assert ids == ["mini", "gpt2", "owner/whole", *(id_ for id_ in KNOWN if id_ != "gpt2")]


@pytest.mark.skipif("DETOK_TEST_HUB" not in os.environ, reason="DETOK_TEST_HUB is not set")
def test_the_list_is_as_the_hub_has_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "https://huggingface.co")
    for id_ in KNOWN:
        asked, complained = machine.run("info", id_)
        assert not complained
        known, _ = machine.run("info", id_, HF_HUB_OFFLINE="1")
        only_known = set(known.splitlines()) - set(asked.splitlines())
        # The hub also knows how much the whole is.
        (of_first_layer,) = only_known
        assert of_first_layer.startswith("  first layer")
        assert f"{of_first_layer} of " in asked


def test_the_size_of_a_known_model_is_that_of_its_download(
    hub: Hub, machine: Machine, tmp_path: Path
) -> None:
    """GPT-2's sizes, made with its own class."""
    known = KNOWN["gpt2"]
    sizes = {key: known.config[key] for key in ("n_embd", "n_head", "n_positions", "vocab_size")}
    random_checkpoint(tmp_path / "gpt2", n_layer=1, **sizes)
    hub.add("gpt2", tmp_path / "gpt2")
    shown, _ = machine.run("info", "gpt2")
    assert "first layer   167 MB of " in shown
    assert f"{known.size:,}" == "166,990,848"


@pytest.mark.parametrize(
    ("id_", "config_class"),
    [
        ("gpt2", transformers.GPT2Config),
        ("bert-base-uncased", transformers.BertConfig),
        ("openai/whisper-tiny", transformers.WhisperConfig),
    ],
)
def test_sizes_that_transformers_takes_for_usual(
    id_: str, config_class: type[transformers.PretrainedConfig]
) -> None:
    assert KNOWN[id_].sizes == sizes_of(config_class().to_dict())


def test_it_needs_no_hub(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert capsys.readouterr().out.startswith("mini ")

"""Heads over training: every row is what the library says of that checkpoint alone."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

import detok
from detok.counting.counts import Counts
from detok.heads.pair_summary import sample_of_text
from tests.support.families import random_member
from tests.support.hub_client import Client
from tests.support.hub_server import Hub
from tests.support.rotary import ROTARY

STEPS = [0, 512, "final"]


@pytest.fixture(scope="module", params=["gpt_neox", "llama", "gpt2"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training run, with a checkpoint of each step."""
    return save_run(tmp_path_factory.mktemp("run"), request.param)


def save_run(folder: Path, family: str) -> Path:
    sizes = {"n_embd": 16, "n_head": 2, "n_layer": 1, "vocab_size": 300, "n_positions": 16}
    kind = ("GPT2LMHeadModel", sizes) if family == "gpt2" else ROTARY[family][0]
    for n, step in enumerate(STEPS):
        random_member(folder / f"checkpoint-{step}", *kind)
        path = folder / f"checkpoint-{step}" / "model.safetensors"
        tensors = {name: t * (1 + n) for name, t in load_file(path).items()}
        save_file(tensors, path, metadata={"format": "pt"})
    return folder


def test_it_is_every_checkpoint_by_itself(run: Path, counts: Counts) -> None:
    said: list[tuple[int, int]] = []
    template = str(run / "checkpoint-{step}")
    table = detok.emergence(
        template,
        STEPS,
        counts,
        n_places=40,
        seed=3,
        device="cpu",
        progress=lambda *done: said.append(done),
    )
    assert said == [(n, 3) for n in range(4)]
    assert table["step"].drop_duplicates().tolist() == STEPS
    places = sample_of_text(counts, 40, 3)
    for step, rows in table.groupby("step"):
        layer = detok.load(run / f"checkpoint-{step}", device="cpu")
        assert rows["head"].tolist() == list(range(layer.n_heads))
        pairs = detok.pair_auroc(layer, counts, places)
        assert rows["pair_auroc"].to_numpy() == pytest.approx(pairs.unweighted_mean(), nan_ok=True)
        assert rows["first_3"].to_numpy() == pytest.approx(pairs.share_in_first(3), nan_ok=True)
        if isinstance(layer, detok.Layer):
            near = detok.position_summary(layer, 8)["mass_last_5_at_8"]
            assert rows["near"].to_numpy() == pytest.approx(near.to_numpy())
            assert rows["bb_span"].isna().all()
            continue
        bias = detok.distance_bias(layer, token_counts=counts.tokens)
        near = bias.attention(128)[:, :5].sum(dim=1)
        assert rows["near"].to_numpy() == pytest.approx(near.numpy())
        if bias.mean.bb is None:
            assert rows["bb_span"].isna().all()
        else:
            values = bias.mean.bb.at(range(128))
            span = torch.stack([head.max() - head.min() for head in values])
            assert rows["bb_span"].to_numpy() == pytest.approx(span.numpy())


def test_refused(counts: Counts, tmp_path: Path) -> None:
    template = str(tmp_path / "{step}")
    for steps in ([], [1, 1], [1, "1"], 512, "final"):
        with pytest.raises(detok.InputError, match="expected at least one, and none twice"):
            detok.emergence(template, steps, counts)
    for n in (0, -1, 2.5):
        with pytest.raises(detok.InputError, match=f"n_places is {n}; expected at least 1"):
            detok.emergence(template, [1], counts, n_places=n)
    with pytest.raises(detok.InputError, match="expected those of some text"):
        detok.emergence(template, [1], Counts.empty(300))
    with pytest.raises(detok.CheckpointError, match="is not a folder"):
        detok.emergence(template, [1], counts)


def test_steps_of_the_hub_are_branches(counts: Counts, tmp_path: Path) -> None:
    save_run(tmp_path, "gpt_neox")
    hub = Hub()
    try:
        for step, branch in zip(STEPS, ("step0", "step512", "final"), strict=True):
            hub.add("owner/model", tmp_path / f"checkpoint-{step}", branch)
        (tmp_path / "client").mkdir()
        client = Client(tmp_path / "client", hub.url)
        counts.save(tmp_path / "counts.parquet")
        client.run(
            f"import detok; counts = detok.Counts.load({str(tmp_path / 'counts.parquet')!r}); "
            f"detok.emergence('owner/model', {STEPS}, counts, n_places=40, device='cpu')"
            f".to_csv({str(tmp_path / 'table.csv')!r}, index=False)"
        )
        client.close()
    finally:
        hub.stop()
    found = pd.read_csv(tmp_path / "table.csv")
    template = str(tmp_path / "checkpoint-{step}")
    expected = detok.emergence(template, STEPS, counts, n_places=40, device="cpu")
    numbers = ["pair_auroc", "first_3", "near", "bb_span"]
    pd.testing.assert_frame_equal(found[numbers], expected[numbers])
    assert found["step"].tolist() == [str(step) for step in expected["step"]]

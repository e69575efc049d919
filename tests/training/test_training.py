"""The bigram model against a slow computation, and publishing a tiny run from end to end."""

import csv
import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, strategies as st

import detok
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.scores.affinity import affinity_scores
from tests.support.models import random_checkpoint
from training import bigram, measure
from training.publish import publish
from training.train import loss, new_model

pytestmark = pytest.mark.slow

V = 6


def slow_probability(ids: list[int], past: int, current: int) -> float:
    """Interpolated Kneser-Ney by its definition, one pair at a time."""
    pairs = list(pairwise(ids))
    kinds = set(pairs)

    def discount(numbers: list[int]) -> float:
        once, twice = numbers.count(1), numbers.count(2)
        return once / (once + 2 * twice) if once else 0.5

    preceding = [sum(1 for _, i in kinds if i == t) for t in range(V)]
    D, D_unigram = discount([pairs.count(pair) for pair in kinds]), discount(preceding)
    if kinds:
        left = D_unigram * sum(1 for n in preceding if n) / len(kinds)
        unigram = max(preceding[current] - D_unigram, 0) / len(kinds) + left / V
    else:
        unigram = 1 / V
    total = sum(1 for j, _ in pairs if j == past)
    if not total:
        return unigram
    followers = sum(1 for j, _ in kinds if j == past)
    seen = max(pairs.count((past, current)) - D, 0) / total
    return seen + D * followers / total * unigram


@given(st.lists(st.integers(0, V - 2), max_size=40))
def test_the_bigram_model_is_kneser_ney(ids: list[int]) -> None:
    model = bigram.fit(np.array(ids, dtype=np.uint16), V)
    past, current = np.indices((V, V))
    found = model.probability(past, current)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    expected = [[slow_probability(ids, j, i) for i in range(V)] for j in range(V)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_bigram_loss_leaves_out_the_first_token_of_a_window() -> None:
    ids = np.random.default_rng(0).integers(0, V, 600).astype(np.uint16)
    model = bigram.fit(ids, V)
    scored = [n for n in range(1, 512) if n != 256]  # and what fills no window
    losses = [-math.log(slow_probability(ids.tolist(), ids[n - 1], ids[n])) for n in scored[::40]]
    found = -np.log(model.probability(ids[np.array(scored) - 1], ids[scored]))
    np.testing.assert_allclose(found[::40], losses, rtol=1e-12)
    assert bigram.held_out_loss(model, ids) == pytest.approx(found.mean())


def test_bits_per_byte() -> None:
    assert bigram.bits_per_byte(2 * math.log(2), {"tokens": 10, "bytes": 40}) == pytest.approx(0.5)


def test_whole_share_is_how_often_a_pair_ends_the_word(layer: detok.Layer) -> None:
    a, b, letter, space = (layer.token_id(t) for t in ("a", "b", "c", " "))
    ids = np.array([a, b, letter, a, b, space, a, b, a, a, b, space, b, a, space], dtype=np.uint16)
    past, current = np.array([b, a, letter]), np.array([a, b, letter])
    shares = measure.whole_share(layer, ids, past, current)
    assert shares.tolist() == pytest.approx([1 / 2, 2 / 4, 0])


def test_joined_names_are_candidates_that_a_head_ranks_high(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "MIN_PMI", 1.0)
    token, (space, full_stop) = layer.token_id, map(layer.token_id, " .")
    # For each ending, the beginning that head 0 binds to it most, and the one it binds least.
    beginnings = np.array([token(f" {letter}") for letter in "etaoinshrd"])
    ids: list[int] = []
    best, worst = [], []
    for ending in map(token, ("en", "et", "ea")):
        scores = affinity_scores(layer, ending, heads=0)[0, beginnings]
        best.append((int(beginnings[scores.argmax()]), ending))
        worst.append((int(beginnings[scores.argmin()]), ending))
        ids += [*best[-1], full_stop] * 30 + [*worst[-1], space] * 30
    ids += [token(" s"), token("ee"), token("n")] * 30  # always goes on
    ids += [token(" d"), token("ee"), full_stop] * 19  # too rare
    corpus = np.array(ids + [full_stop] * 1000, dtype=np.uint16)
    counts = count_ids(corpus, layer.vocab_size)

    pairs = measure.candidates(layer, counts, corpus)
    assert set(zip(pairs["past_id"], pairs["current_id"], strict=True)) == {*best, *worst}
    assert pairs["count"].tolist() == [30] * 6
    assert not pairs["is_name"].any()
    ranks = measure.top_ranks(layer, pairs)
    found = measure.joined_names(pairs, ranks, np.arange(layer.n_heads))
    for row in pairs.itertuples():
        table = detok.affinity(layer, row.current_id, k=measure.TOP)
        hits = table[table["token_id"] == row.past_id].sort_values(["rank", "head"])
        rows = found[found["joined"] == row.joined]
        assert rows[["head", "rank"]].to_numpy().tolist() == (
            hits[["head", "rank"]].head(1).to_numpy().tolist()
        )
    assert measure.chance_hits(layer, pairs) == 6 * measure.TOP / layer.vocab_size
    n_hits = (ranks <= measure.TOP).sum(axis=1)
    assert measure.binding_heads(ranks, n_hits.max() / measure.BINDS).tolist() == (
        np.flatnonzero(n_hits == n_hits.max()).tolist()
    )
    assert measure.joined_names(pairs, ranks, measure.binding_heads(ranks, 1e3)).empty


@pytest.mark.parametrize(
    ("joined", "lower_count", "is_name"),
    [(" Et", 0, True), (" Et", 50, False), (" Et Ta", 0, True), (" et", 0, False)],
)
def test_a_name_is_hardly_ever_in_lower_case(
    layer: detok.Layer, joined: str, lower_count: int, is_name: bool
) -> None:
    ids = layer.tokenizer.encode(" et.") * lower_count + layer.tokenizer.encode(" Et.") * 100
    counts = count_ids(np.array(ids), layer.vocab_size)
    assert measure._is_name(layer, counts, joined, 100) == is_name


def test_the_measures_of_heads_are_shares(layer: detok.Layer) -> None:
    ids = np.random.default_rng(0).integers(0, layer.vocab_size, 5000)
    ids[2000:] //= 30  # so that some pairs are frequent
    counts = count_ids(ids, layer.vocab_size)
    tokens = measure.sampled_tokens(counts, 50, min_count=5)
    assert len(tokens) == len(set(tokens)) == 50
    table = measure.heads(layer, counts, tokens)
    assert table["head"].tolist() == list(range(layer.n_heads))
    assert table.drop(columns="head").stack().between(0, 1).all()
    assert (table["mass_last_1"] < table["mass_last_5"]).all()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training run's folder, as the steps before publishing leave it."""
    folder = tmp_path_factory.mktemp("run")
    for name in ("model", "snapshots/000000", "snapshots/000007"):
        random_checkpoint(folder / name, n_positions=256, n_embd=32, n_head=4)
        (folder / name / "tokenizer.json").rename(folder / "tokenizer.json")
    random = np.random.default_rng(0)
    for split, n in (("train", 30_000), ("held_out", 3000)):
        # Pairs of a space with a letter and two letters (ids 256 to 297) make words.
        pairs = np.repeat(random.integers(0, 42, n // 10), 10)
        ids = np.where(np.arange(len(pairs)) % 2, 278 + pairs % 20, 256 + pairs % 22)
        ids[::500] = 299
        np.save(folder / f"{split}.npy", ids.astype(np.uint16))
    totals = {"documents": 7, "bytes": 60_000, "tokens": 30_000}
    texts = {"held_out_names": ["Poe: Eureka\rA Poem"], "train": totals, "held_out": totals}
    (folder / "texts.json").write_text(json.dumps(texts))
    with (folder / "log.csv").open("w") as file:
        rows = [("held_out", 0, 5.7, 0), ("train", 5, 5.6, 1), ("held_out", 7, 5.5, 1)]
        csv.writer(file).writerows(rows)
    return folder


def test_publishing_a_run(run: Path, tmp_path: Path) -> None:
    settings = {"tokens": 28_672, "layers": 1, "width": 32, "heads": 4, "batch": 16, "seed": 3}
    settings |= {"learning_rate": 0.002, "compile": False, "steps": 7, "seconds": 90}
    settings |= {"mlp": 24, "bfloat16": True, "unplaced": 0.7, "placed_steps": 5}
    settings |= {"device": "cpu", "decay_share": 0.4, "warmup_steps": 200}
    (run / "settings.json").write_text(json.dumps(settings))
    publish(run, run / "model", tmp_path)
    (run / "settings.json").unlink()

    layer = detok.load(str(tmp_path), device="cpu")
    counts = Counts.load(tmp_path / "counts.parquet", layer.tokenizer)
    assert counts.tokens.sum() == len(np.load(run / "train.npy"))
    assert not counts.row(299)[0].size
    assert not (counts.past == 299).any()
    assert counts.provenance["documents"] == "7"
    steps = pd.read_csv(tmp_path / "emergence.csv")
    assert steps["step"].tolist() == [0] * 4 + [7] * 4
    assert steps["tokens"].unique().tolist() == [0, 28_672]
    card = (tmp_path / "README.md").read_text()
    assert "- Poe: Eureka A Poem\n" in card
    assert "28,672, or 0.96 passes" in card
    options = "--unplaced 0.7 --placed-steps 5 --learning-rate 0.002 --seed 3 --bfloat16"
    assert f"--mlp 24 --batch 16 {options}\n" in card
    assert "trial" not in card
    assert "0 found\n\nNone." in card
    assert "are: none. Together they bind 0 pairs" in " ".join(card.split())


def test_publishing_a_snapshot_says_so(run: Path, tmp_path: Path) -> None:
    publish(run, run / "snapshots" / "000007", tmp_path)
    assert "**A trial: the snapshot `000007`" in (tmp_path / "README.md").read_text()
    weights = detok.load(str(tmp_path), device="cpu").sigma.W_E
    assert torch.equal(weights, weights.half().float())


def test_a_window_without_positions_is_read_without_them() -> None:
    model = new_model(50, 1, 16, 2, 8).eval()
    ids = torch.randint(50, (2, 12), generator=torch.Generator().manual_seed(0))
    placed = torch.tensor([1.0, 0.0])
    both = [loss(model, ids[n : n + 1], placed[n : n + 1]).item() for n in (0, 1)]
    assert loss(model, ids[:1]).item() == pytest.approx(both[0], abs=1e-6)
    assert loss(model, ids, placed).item() == pytest.approx(sum(both) / 2, abs=1e-6)
    with torch.no_grad():
        model.transformer.wpe.weight.zero_()
    assert loss(model, ids[1:]).item() == pytest.approx(both[1], abs=1e-6)

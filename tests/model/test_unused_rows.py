"""Rows of the embeddings that stand for no token: behind the others, or in between."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import detok
from detok.counting.in_memory import count_ids
from detok.tables import affinity as affinity_tables, frequency as frequency_tables

N_BEHIND = 12
# Ids that no token has: of three entries of the vocabulary that no merge makes another from.
HOLES = [290, 294, 297]


def edited(checkpoint: Path, folder: Path, ids: list[int], rows: list[int]) -> detok.Layer:
    """The layer of the random checkpoint with other rows, and tokens at other ids (None: gone)."""
    shutil.copytree(checkpoint, folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    W_E = tensors["transformer.wte.weight"]
    tensors["transformer.wte.weight"] = W_E[rows].clone()
    save_file(tensors, path, metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": len(rows)}))
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    new_id = {old: new for new, old in enumerate(ids)} if ids else {}
    vocab = tokenizer["model"]["vocab"]
    if ids:
        kept = {entry: new_id[old] for entry, old in vocab.items() if old in new_id}
    else:
        kept = {entry: old for entry, old in vocab.items() if old not in HOLES}
    tokenizer["model"]["vocab"] = kept
    joined = {"".join(pair) for pair in tokenizer["model"]["merges"]} - kept.keys()
    tokenizer["model"]["merges"] = [
        pair for pair in tokenizer["model"]["merges"] if "".join(pair) not in joined
    ]
    for added in tokenizer["added_tokens"]:
        added["id"] = new_id.get(added["id"], added["id"])
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return detok.load(folder, device="cpu", dtype=torch.float64)


@pytest.fixture(scope="module")
def padded(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> detok.Layer:
    """As the random checkpoint, with rows behind the tokens and holes between them."""
    rows = [*range(300), *range(N_BEHIND)]
    return edited(checkpoint, tmp_path_factory.mktemp("padded") / "model", [], rows)


@pytest.fixture(scope="module")
def compact(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> detok.Layer:
    """The same tokens, with no row but theirs."""
    kept = [n for n in range(300) if n not in HOLES]
    return edited(checkpoint, tmp_path_factory.mktemp("compact") / "model", kept, kept)


def elsewhere(ids: np.ndarray) -> np.ndarray:
    """The ids of the compact vocabulary's tokens in the padded one."""
    return np.array([n for n in range(300) if n not in HOLES])[ids]


def test_rows_without_a_token_are_counted(padded: detok.Layer, compact: detok.Layer) -> None:
    assert padded.vocab_size == 300
    assert padded.n_rows == 300 + N_BEHIND
    assert padded.holes.tolist() == HOLES
    assert padded.n_without_token == N_BEHIND + len(HOLES)
    assert compact.n_without_token == 0
    assert compact.vocab_size == 297


def test_they_take_no_part_in_averages(padded: detok.Layer, compact: detok.Layer) -> None:
    for name in ("position_mean", "position_min", "position_max", "inverse_mean", "inverse_std"):
        own, expected = (getattr(layer.moments, name) for layer in (padded, compact))
        torch.testing.assert_close(own, expected)
    own, expected = (detok.layernorm_stats(layer) for layer in (padded, compact))
    assert own.mean_abs_cov == pytest.approx(expected.mean_abs_cov)
    torch.testing.assert_close(own.var_e, expected.var_e)
    torch.testing.assert_close(own.norm_after, expected.norm_after)


def test_they_take_no_part_in_rankings(padded: detok.Layer, compact: detok.Layer) -> None:
    own = detok.affinity(padded, 40, k=1000)
    expected = detok.affinity(compact, 40, k=1000)
    assert own["token_id"].tolist() == elsewhere(expected["token_id"].to_numpy()).tolist()
    np.testing.assert_allclose(own["score"], expected["score"])
    assert own["token"].tolist() == expected["token"].tolist()
    ids = [40, 50, 60]
    own_ranks, ranks = (detok.previous_piece_ranks(layer, ids) for layer in (padded, compact))
    assert own_ranks.tolist() == ranks.tolist()
    drawn = affinity_tables.sampled_tokens(padded, 0, 300)
    assert not set(drawn) & set(HOLES)
    assert len(drawn) == 297


def test_they_take_no_part_in_areas(padded: detok.Layer, compact: detok.Layer) -> None:
    text = (np.random.default_rng(1).pareto(0.9, 20_000) * 3).astype(int) % 297
    counts = count_ids(elsewhere(text), 300)
    own = detok.auroc(padded, counts)
    expected = detok.auroc(compact, count_ids(text, 297))
    tokens = elsewhere(np.arange(297))
    np.testing.assert_allclose(own.area[:, tokens], expected.area)
    assert (own.known[:, tokens] == expected.known).all()
    assert (own.itself[:, tokens] == expected.itself).all()
    assert np.isnan(own.area[:, HOLES]).all()
    own, expected = (
        detok.pair_auroc(padded, counts),
        detok.pair_auroc(compact, count_ids(text, 297)),
    )
    np.testing.assert_allclose(own.area[:, tokens], expected.area)
    assert (own.rank[:, tokens] == expected.rank).all()
    curves, direct = (
        detok.roc_curves(padded, counts, 40),
        detok.roc_curves(compact, count_ids(text, 297), 40),
    )
    np.testing.assert_allclose(curves["false_positive"], direct["false_positive"])
    table = frequency_tables.tokens(padded, counts)
    assert table["token_id"].tolist() == tokens.tolist()


def test_a_row_behind_the_tokens_is_no_token(padded: detok.Layer) -> None:
    with pytest.raises(detok.InputError, match="expected 0 ≤ id < V = 300"):
        detok.affinity(padded, 305)

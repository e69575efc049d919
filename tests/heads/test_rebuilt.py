"""Words of two pieces that heads put together, against models made for it and slow ways."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import detok
from detok.counting.in_memory import count_ids
from detok.heads import rebuilt
from tests.support.families import MODELS, random_member
from tests.support.tokenizers import KINDS


@pytest.fixture(scope="module")
def made(layer: detok.Layer) -> detok.Layer:
    """Head 0 binds to each second piece the first piece of one word, head 1 likes one token."""
    V, pairs = layer.vocab_size, rebuilt.two_piece_words(layer)
    queries, keys = torch.zeros(2, V, V).to(layer.Q_E), torch.zeros(2, V, V).to(layer.K_E)
    keys[0] = torch.diag(layer.moments.token_mean)
    likes = torch.arange(len(pairs), 0, -1).to(queries)
    queries[0, pairs["current_id"].tolist(), pairs["past_id"].tolist()] = likes
    queries[1], keys[1, pairs["past_id"].mode()[0]] = 1.0, 1.0
    return replace(layer, Q_E=queries, K_E=keys)


def test_best_past_tokens_are_those_of_affinity(layer: detok.Layer) -> None:
    best = rebuilt.best_past(layer, np.array([5, 99]), 3)
    for n, token in enumerate((5, 99)):
        table = detok.affinity(layer, token, k=3)
        assert best[:, n].flatten().tolist() == table["token_id"].tolist()


def test_an_id_without_a_token_is_never_on_top(layer: detok.Layer) -> None:
    first = rebuilt.best_past(layer, np.array([5]), 1)[0, 0, 0]
    holed = replace(layer, holes=first[None])
    assert first not in rebuilt.best_past(holed, np.array([5]), 3)[0]


def test_the_words_are_split_in_two_and_as_frequent_as_the_excerpts_have_them(
    layer: detok.Layer,
) -> None:
    pairs = rebuilt.two_piece_words(layer)
    assert len(pairs) > 20
    assert not pairs.duplicated(["past_id", "current_id"]).any()
    text = " ".join(detok.excerpts()["text"])
    for row in pairs.sample(10, random_state=0).itertuples():
        assert layer.tokenizer.encode(row.joined) == [row.past_id, row.current_id]
        assert row.joined == row.past + row.current
        assert 0 < row.count <= text.count(row.joined.strip())


@pytest.mark.parametrize("family", ["bert", "clip_text_model"])
def test_words_are_found_whichever_end_of_a_word_is_marked(tmp_path: Path, family: str) -> None:
    tokenizer = KINDS[{"bert": "bert", "clip_text_model": "clip"}[family]]()
    name, config = MODELS[family][0]
    random_member(tmp_path, name, {**config, "vocab_size": len(tokenizer)})
    tokenizer.save_pretrained(tmp_path)
    layer = detok.load(tmp_path, device="cpu")
    pairs = rebuilt.two_piece_words(layer)
    assert len(pairs)
    for row in pairs.head(10).itertuples():
        assert layer.tokenizer.encode(row.joined) == [row.past_id, row.current_id]
        assert row.joined.strip().isalpha()


def test_every_word_that_a_head_was_made_to_rebuild_is_found(made: detok.Layer) -> None:
    pairs, found = rebuilt.two_piece_words(made), detok.rebuilt_words(made)
    assert found.n_tried == len(pairs)
    assert found.hits[0] == (pairs.groupby("current_id").cumcount() < rebuilt.TOP).sum()
    assert found.heads.tolist() == [0]
    assert set(found.words["head"]) == {0}
    assert found.words["rank"].is_monotonic_increasing
    first = found.words[found.words["rank"] == 1]
    assert len(first) == pairs["current_id"].nunique()
    assert first["count"].is_monotonic_decreasing
    for row in first.itertuples():
        assert detok.previous_piece_ranks(made, [row.past_id, row.current_id])[0, 0] == 1


def test_a_head_that_likes_a_token_before_anything_has_what_chance_has(made: detok.Layer) -> None:
    """Its first place is always the same; the other two are a tie, and no part of the check."""
    found = detok.rebuilt_words(made)
    top = rebuilt.best_past(made, rebuilt.two_piece_words(made)["current_id"].unique())[1]
    assert (top == top[:1]).all()
    assert found.by_chance[1] == pytest.approx(found.hits[1])


def test_chance_is_the_mean_over_pieces_paired_at_random(layer: detok.Layer) -> None:
    found, pairs = detok.rebuilt_words(layer), rebuilt.two_piece_words(layer)
    top = rebuilt.best_past(layer, pairs["current_id"].to_numpy()).numpy()  # (H, n, TOP)
    random = np.random.default_rng(0)
    shuffled = [random.permutation(pairs["past_id"]) for _ in range(2000)]
    hits = [(top == past[:, None]).any(axis=2).sum(axis=1) for past in shuffled]
    assert found.by_chance == pytest.approx(np.mean(hits, axis=0), rel=0.1, abs=0.1)


def test_random_weights_rebuild_nothing(layer: detok.Layer) -> None:
    found = detok.rebuilt_words(layer)
    assert found.n_tried > 0
    assert found.heads.tolist() == []
    assert found.words.empty
    assert {"joined", "head", "rank", "count"} <= set(found.words)


def test_counts_say_how_frequent_the_pairs_are(made: detok.Layer) -> None:
    pair = rebuilt.two_piece_words(made).iloc[-1]
    ids = np.array([pair["past_id"], pair["current_id"]] * 7)
    found = detok.rebuilt_words(made, count_ids(ids, made.vocab_size))
    seen = found.words.set_index("joined")["count"]
    assert seen.drop(pair["joined"], errors="ignore").eq(0).sum() >= len(seen) - 2
    assert seen.get(pair["joined"], 7) == 7


def test_progress_can_cancel(layer: detok.Layer) -> None:
    def cancel(done: int, total: int) -> None:
        assert (done, total > 0) == (0, True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detok.rebuilt_words(layer, progress=cancel)

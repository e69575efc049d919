"""Where two models split one text, and how far apart two attentions are."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.spatial.distance import jensenshannon

import detok
from detok.scores.compare import Split, divergence, merged, share_vocabulary, shared, split

ENDS = st.lists(st.integers(1, 12), min_size=1, max_size=12).map(sorted)


def of(ends: list[int], room: int = 99, first: int = 0) -> Split:
    return Split(list(range(first, first + len(ends))), ends, room)


def test_parts_end_where_tokens_of_both_end() -> None:
    found = shared(of([2, 5, 6, 9]), of([5, 7, 9]), False)
    assert found.ends == [5, 9]
    assert found.left_at.tolist() == [0, 0, 1, 1]
    assert found.right_at.tolist() == [0, 1, 1]
    assert found.is_whole
    assert not found.is_one_to_one
    assert shared(of([2, 5]), of([2, 5], first=7), False).is_one_to_one


def test_one_tokenizer_has_a_part_a_token_also_within_a_character() -> None:
    """Three tokens of one character end at one place, and are three all the same."""
    ends = [1, 2, 2, 2]
    assert shared(of(ends), of(ends), True).is_one_to_one
    other = shared(of(ends), of(ends), False)
    assert other.left_at.tolist() == [0, 1, 1, 1]


def test_what_a_model_has_no_position_for_is_left_out_of_both() -> None:
    found = shared(of([2, 5, 6, 9]), of([2, 4, 6, 7, 9], room=3), False)
    assert found.ends == [2, 6]
    assert found.left == [0, 1, 2]
    assert found.right == [0, 1, 2]
    assert not found.is_whole
    # A character whose last token has no position is none of the text.
    assert shared(of([1, 2, 2], room=2), of([1, 2]), False).ends == [1]
    with pytest.raises(detok.InputError, match="positions"):
        shared(of([3], room=1), of([1, 2, 3], room=2), False)
    with pytest.raises(detok.InputError, match="both models"):
        shared(of([3]), of([2]), False)


@given(ENDS, ENDS, st.integers(1, 12), st.integers(1, 12))
def test_of_any_two_splits(left: list[int], right: list[int], a: int, b: int) -> None:
    try:
        found = shared(of(left, a), of(right, b), False)
    except detok.InputError:
        return
    for ids, at, ends, room in (
        (found.left, found.left_at, left, a),
        (found.right, found.right_at, right, b),
    ):
        assert len(ids) == len(at) <= room
        assert sorted(set(at.tolist())) == list(range(len(found.ends)))
        last = {int(part): end for part, end in zip(at, ends, strict=False)}
        assert list(last.values()) == found.ends
    assert found.is_whole is (len(found.left) == len(left) and len(found.right) == len(right))


def test_a_text_is_split_as_it_is_encoded(layer: detok.Layer) -> None:
    text = "the 日本 tea"
    found = split(layer, text)
    assert found.ids == layer.tokenizer.encode(text)
    assert found.ends[-1] == len(text)
    assert found.ends == sorted(found.ends)
    assert found.room == layer.n_positions
    with pytest.raises(detok.InputError, match="surrogate"):
        split(layer, "\ud800")
    assert share_vocabulary(layer, layer)
    assert not share_vocabulary(layer, detok.load("mini"))


def test_attention_between_parts(layer: detok.Layer) -> None:
    ids = [70, 12, 250, 12, 9, 9, 31]
    weights = detok.attention(detok.terms(layer, ids, heads=1))[0].numpy()
    at = [0, 0, 1, 2, 2, 2, 3]
    found = merged(weights, at)
    for a in range(4):
        for b in range(4):
            rows = [i for i, part in enumerate(at) if part == a]
            columns = [j for j, part in enumerate(at) if part == b]
            expected = np.mean([sum(weights[i, j] for j in columns) for i in rows])
            assert found[a, b] == pytest.approx(expected)
    assert found.sum(axis=1) == pytest.approx(1)
    assert merged(weights, range(7)) == pytest.approx(weights)


def test_the_divergence_of_rows() -> None:
    generator = np.random.default_rng(0)
    left, right = generator.dirichlet([0.3] * 6, size=(2, 50))
    found = divergence(left, right)
    expected = [jensenshannon(a, b) ** 2 for a, b in zip(left, right, strict=True)]
    assert found == pytest.approx(expected)
    assert divergence(right, left) == pytest.approx(found)
    assert divergence(left, left).tolist() == [0.0] * 50
    assert divergence(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(np.log(2))

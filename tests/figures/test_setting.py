"""What figures are drawn from: the heads, positions and tokens that nobody has chosen."""

from dataclasses import replace

import pytest

import detok
from detok.counting.counts import Counts
from detok.figures.setting import Setting
from detok.tables import affinity


@pytest.fixture
def setting(layer: detok.Layer, counts: Counts) -> Setting:
    return replace(Setting.of(layer, n_tokens=50, n_texts=2), counts=counts)


def test_positions_are_as_far_along_as_in_the_paper(
    setting: Setting, layer: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [setting.position(i) for i in (50, 500, 1000)] == [0, 7, 15]  # L = 16
    monkeypatch.setattr(type(layer), "n_positions", 2048)
    assert setting.position(500) == 500


def test_heads(setting: Setting, layer: detok.Layer) -> None:
    pairs = affinity.pairs(layer, setting.paired, [0, 1])
    copying = affinity.own_copies(pairs)["head"].tolist()
    assert setting.heads == [0, 1]
    assert f"head {setting.best_head}" == f"head {int(setting.summary['mean'].argmax())}"
    assert sorted(copying) == replace(setting, counts=None).heads
    assert replace(setting, chosen=[1]).heads == [1]
    named = replace(layer, source=replace(layer.source, model_id="gpt2"))
    assert replace(setting, layer=named).heads == [1, 7]


def test_which_model_it_is(setting: Setting, layer: detok.Layer) -> None:
    def model(**source: object) -> str:
        return replace(setting, layer=replace(layer, source=replace(layer.source, **source))).model

    assert model().endswith(", a local checkpoint without a commit")
    assert model(model_id="a/b", revision="0123abc") == "a/b, commit 0123abc"
    assert model(model_id="mini") == f"mini, bundled with detok {detok.version.__version__}"


def test_the_token_of_a_curve_has_one(setting: Setting, counts: Counts) -> None:
    assert len(counts.row(setting.piece)[0])
    assert replace(setting, token=7).piece == 7


def test_without_counts_a_sentence_says_what_is_missing(setting: Setting) -> None:
    without = replace(setting, counts=None, refused="counts.parquet is damaged")
    with pytest.raises(detok.InputError, match=r"no counts .*\(counts.parquet is damaged\); exp"):
        without.needed_counts()


def test_heads_and_tokens_are_checked(layer: detok.Layer) -> None:
    with pytest.raises(detok.InputError, match="head 2 is out of range"):
        Setting.of(layer, heads=[2])
    with pytest.raises(detok.InputError, match="token id 300 is out of range"):
        Setting.of(layer, token=300)

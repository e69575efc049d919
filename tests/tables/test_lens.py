"""The tables of the backward lens against what the library computes."""

import pytest
import torch

import detok
from detok.tables import lens as tables
from detok.whole.lens import Matrix


@pytest.mark.parametrize("matrix", ["first", "second"])
def test_a_row_for_each_cell(a_run: detok.Run, matrix: Matrix) -> None:
    lens = detok.backward_lens(a_run)
    table = tables.cells(lens, matrix)
    assert len(table) == 3 * 9
    norms = lens.second_norms if matrix == "second" else lens.first_norms
    for row in table.itertuples():
        at = row.layer, row.position
        assert row.norm == norms[at].item()
        assert row.token_id == a_run.ids[row.position]
        shown = a_run.model.tokenizer.show(row.token_id)
        assert row.token.startswith(f"{row.position} ")
        assert shown in row.token or "/" in row.token
        if row.norm == 0:
            assert row.most_rank != row.most_rank  # NaN
            continue
        most = lens.most_ranks if matrix == "second" else lens.input_ranks
        assert row.most_rank == most[at].item()
        if matrix == "second":
            assert row.least_rank == lens.least_ranks[at].item()
    assert ("least_rank" in table) == (matrix == "second")


def test_where_the_largest_norm_stands(a_run: detok.Run) -> None:
    lens = detok.backward_lens(a_run)
    layer, position = tables.largest(tables.cells(lens, "second"))
    assert lens.second_norms[layer, position] == lens.second_norms.max()


def test_the_tokens_of_a_cell(a_run: detok.Run) -> None:
    lens = detok.backward_lens(a_run)
    table = tables.tokens(lens, 1, 4, "second", 5)
    most, least = lens.tokens(1, 4, 5)
    for end, found in (("least", least), ("most", most)):
        rows = table[table["end"] == end]
        assert rows["rank"].tolist() == [1, 2, 3, 4, 5]
        assert list(zip(rows["token_id"], rows["probability"], strict=True)) == found
    assert table["shown"].tolist() == [a_run.model.tokenizer.show(t) for t in table["token_id"]]


def test_the_target_is_marked_where_it_stands(a_run: detok.Run) -> None:
    lens = detok.backward_lens(a_run)
    table = tables.tokens(lens, 2, 8, "second", 300)
    for end in ("least", "most"):
        (row,) = table[table["is_target"] & (table["end"] == end)].itertuples()
        assert row.token_id == 7
        ranks = lens.least_ranks if end == "least" else lens.most_ranks
        assert row.rank == ranks[2, 8]


def test_a_cell_without_a_gradient_has_no_tokens(a_run: detok.Run) -> None:
    lens = detok.backward_lens(a_run)
    assert lens.second_norms[2, 0] == 0
    assert tables.tokens(lens, 2, 0, "second").empty


def test_one_token(whole: detok.Model) -> None:
    table = tables.cells(detok.backward_lens(detok.run(whole, [5])), "second")
    assert table["position"].tolist() == [0, 0, 0]
    assert (table["norm"] > 0).all()
    assert torch.tensor(table["least_rank"].to_numpy()).isfinite().all()

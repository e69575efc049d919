"""The tables that the pages show and let download, and the sentences that read them out."""

import numpy as np
import pandas as pd

from detok.affinity import Side, affinity_matrix, previous_piece_ranks
from detok.counts import Counts
from detok.layer import Layer
from detok.source import BUNDLED


def with_counts(
    table: pd.DataFrame, layer: Layer, token: int, side: Side, counts: Counts | None
) -> pd.DataFrame:
    """The result of `detok.affinity` with its tokens made visible and its pairs looked up.

    Adds label (rank and token), shown and joined_shown, and with counts also count (how often the
    pair occurs in the corpus) and known (whether it does).
    """
    others = table["token_id"]
    pairs = [(t, token) if side == "past" else (token, t) for t in others]
    shown = [layer.tokenizer.show(t) for t in others]
    table = table.assign(
        shown=shown,
        joined_shown=[layer.tokenizer.show(*pair) for pair in pairs],
        label=[f"{rank}.  {text}" for rank, text in zip(table["rank"], shown, strict=True)],
    )
    if counts is not None:
        past, current = np.array(pairs).T
        table["count"] = counts.pairs(past, current)
        table["known"] = table["count"] > 0
    return table


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """One column a head, one row a rank: the joined strings, known pairs marked with ✓."""
    cells = table["joined_shown"]
    if "known" in table:
        cells = cells.where(~table["known"], "✓ " + cells)
    wide = table.assign(cell=cells).pivot(index="rank", columns="head", values="cell")
    return wide.rename(columns=lambda head: f"Head {head}").reset_index(names="Rank")


def affinity_answer(table: pd.DataFrame, layer: Layer) -> str:
    """The strongest pair of an affinity table, in words."""
    best = table.loc[table["score"].idxmax()]
    return (
        f"Strongest of all {layer.vocab_size:,} tokens: {best['shown']} in head {best['head']} "
        f"(T^ee = {best['score']:.1f}, unscaled), which joins to “{best['joined_shown']}”."
    )


def affinity_reading(table: pd.DataFrame, counts: Counts | None) -> str:
    """How many pairs of an affinity table are known, and from where."""
    heads = table["head"].nunique()
    over = f" over {heads} heads" if heads > 1 else ""
    longer = "Longer bars are tokens that the head would rather attend to."
    if counts is None:
        return longer
    rare = f" at least {counts.min_count} times" if counts.min_count > 1 else ""
    known = int(table["known"].sum())
    share = f"{known} of the {len(table)} pairs shown{over}"
    return f"{longer} {share} really occur{rare} in {counts.origin}."


def piece_ranks(layer: Layer, ids: list[int]) -> pd.DataFrame:
    """Rank of each piece's true predecessor in every head.

    Columns: head, position (of the current piece in the text), pair, rank.
    """
    ranks = previous_piece_ranks(layer, ids).numpy()  # (H, n - 1)
    show = layer.tokenizer.show
    rows = [
        (head, t, f"{t}: {show(ids[t - 1])} + {show(ids[t])}", int(ranks[head, t - 1]))
        for t in range(1, len(ids))
        for head in range(layer.n_heads)
    ]
    return pd.DataFrame(rows, columns=["head", "position", "pair", "rank"])


def piece_ranks_reading(table: pd.DataFrame, layer: Layer) -> str:
    """Which head puts the true previous pieces highest, by the geometric mean of their ranks."""
    typical = np.exp(np.log(table["rank"]).groupby(table["head"]).mean())
    n_pairs = table["position"].nunique()
    best = int(typical.idxmin())
    what = "pair" if n_pairs == 1 else f"{n_pairs} pairs (geometric mean)"
    return (
        f"Rank of the true previous piece among all {layer.vocab_size:,} tokens (1 is best; the "
        f"scale is logarithmic). Head {best} ranks it highest: {typical[best]:,.0f} for the {what}."
    )


def sampled_tokens(layer: Layer, seed: int, n: int) -> list[int]:
    """n different tokens of the vocabulary, drawn at random; the same for the same seed."""
    size = min(layer.vocab_size, len(layer.tokenizer))
    drawn = np.random.default_rng(seed).choice(size, min(n, size), replace=False)
    return sorted(drawn.tolist())


def affinity_pairs(layer: Layer, tokens: list[int], heads: list[int]) -> pd.DataFrame:
    """T^ee between all pairs of some tokens, long.

    Columns: head, row, column (numbers of the tokens), current, past (shown), score (unscaled).
    """
    matrix = affinity_matrix(layer, tokens)[heads].cpu().numpy()  # (heads, n, n)
    shown = np.array([layer.tokenizer.show(t) for t in tokens], dtype=object)
    head, row, column = (index.ravel() for index in np.indices(matrix.shape))
    return pd.DataFrame(
        {
            "head": np.array(heads)[head],
            "row": row,
            "column": column,
            "current": shown[row],
            "past": shown[column],
            "score": matrix.ravel().round(3),
        }
    )


def affinity_pairs_reading(table: pd.DataFrame) -> str:
    """How often a token's own copy is its best partner, per head: the bright diagonals."""
    best = table.loc[table.groupby(["head", "row"])["score"].idxmax()]
    own = (best["row"] == best["column"]).groupby(best["head"]).sum().sort_values(ascending=False)
    n = table["row"].nunique()
    heads = [f"head {head} for {count} of {n}" for head, count in own.head(3).items()]
    return (
        "A bright diagonal is a head that attends to copies of the token itself. Of these tokens, "
        f"a token's own copy is its best partner in {', '.join(heads)}."
    )


def model_facts(layer: Layer) -> dict[str, str]:
    """What a visitor wants to know of the model: its size, and where it came from."""
    return {
        "Parameters": f"{layer.n_parameters / 1e6:,.1f} M",
        "Layers": f"{layer.n_layers}",
        "Heads H": f"{layer.n_heads}",
        "Width d": f"{layer.d_model:,}",
        "Positions L": f"{layer.n_positions:,}",
        "Vocabulary V": f"{layer.vocab_size:,}",
    }


def origin(layer: Layer) -> str:
    """Where the checkpoint came from, and where and how exactly its first layer is computed."""
    source = layer.source
    where = (
        f"from the hub, revision {source.revision}"
        if source.revision
        else "bundled with detok, trained by its own script on public-domain books"
        if source.model_id in BUNDLED
        else f"from the folder {source.folder.name}"
    )
    kind = str(layer.Q_E.dtype).removeprefix("torch.")
    return f"{layer.name}: {where}; computed in {kind} on {layer.device.type}."


def emergence_reading(history: pd.DataFrame) -> str:
    """How the best head's AUROC and its lead over the others grew during training."""
    first, last = (history[history["step"] == step] for step in _first_and_last(history))
    best = last.loc[last["auroc"].idxmax()]
    others = last.loc[last["head"] != best["head"], "auroc"].median()
    return (
        f"AUROC: how well T^ee tells the tokens that really precede a token in the training texts "
        f"from those that never do (0.5 is chance). It began between {first['auroc'].min():.2f} "
        f"and {first['auroc'].max():.2f}; after {best['tokens'] / 1e6:,.0f} M tokens head "
        f"{int(best['head'])} reaches {best['auroc']:.2f}, the others' median is {others:.2f}. "
        f"Held-out loss fell from {first['held_out_loss'].iloc[0]:.2f} to "
        f"{last['held_out_loss'].iloc[0]:.2f} nats per token."
    )


def _first_and_last(history: pd.DataFrame) -> tuple[int, int]:
    return int(history["step"].min()), int(history["step"].max())

"""The figures of the overview."""

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.provenance import about, counts_in_code, ids_of, lines
from detok.charts import overview as charts
from detok.heads.rebuilt import TOP
from detok.model.any_layer import AnyLayer
from detok.readings import overview as readings, rebuilt as rebuilt_readings, words
from detok.tables import overview as tables, rebuilt as rebuilt_tables, terms as terms_tables

N_WORDS = 12  # in the gallery
# What is shown of training: the column, how the chart and its file are called, and its numbers.
IN_TRAINING = {
    "pair_auroc": ("Mean pair AUROC", "pair-auroc-in-training", ".2f"),
    "auroc": ("The paper's AUROC", "auroc-in-training", ".2f"),
    "mass_last_5": ("Attention, last 5 positions", "near-in-training", ".0%"),
}


@kept
def maps(
    layer: AnyLayer, ids: tuple[int, ...], head: int, framed: tuple[int, int] | None
) -> list[Figure]:
    """One head's whole score in a text beside ee alone; the cell of a word's pieces is framed.

    Where ee is the whole score, it is one map.
    """
    terms = detok.terms(layer, ids, heads=head)
    every = terms_tables.maps(layer, list(ids), terms, range(len(ids)))
    said = words.words_for(layer)
    answer = ""
    if framed is not None:
        i, j = framed
        cell, weight = rebuilt_tables.cell(every, i, j), detok.attention(terms)[0, i, j].item()
        answer = rebuilt_readings.cell(layer, ids[j], ids[i], cell, weight)

    def figure(term: str, title: str) -> Figure:
        table = every[every["term"] == term]
        return Figure(
            name=f"{term}-map",
            title=title,
            table=table,
            about=about(
                layer,
                f"{words.divided(layer)}; rows are current tokens i, columns {said.seen} tokens j",
            ),
            code=lines(
                layer,
                "tables.terms",
                ids_of(ids),
                f"terms = detok.terms(layer, ids, heads={head})",
                "table = tables.maps(layer, ids, terms, range(len(ids)))",
                f'table = table[table["term"] == {term!r}]',
            ),
            # The only cell of a single token has no colour.
            draw=(
                (lambda dark: charts.score_map(table, title, dark, seen=said.seen, framed=framed))
                if len(ids) > 1
                else None
            ),
            answer=answer,
            of=layer.tokenizer.text(*ids),
            more={"token_ids": list(ids)},
        )

    if len(terms.names) == 1:
        return [figure("ee", f"The whole score of head {head}: token i with token j")]
    return [
        figure("sum", f"The whole score of head {head}"),
        figure("ee", f"ee alone, head {head}: token i with token j"),
    ]


@kept
def rebuilt(layer: AnyLayer) -> Figure:
    """All words that a model rebuilds, once they are known, and the few of the gallery."""
    found, counts = cached.rebuilt_job(layer).result, cached.load_counts(layer)
    return Figure(
        name="rebuilt-words",
        title="Words of two tokens that this model puts together",
        table=found.words,
        about=about(layer, f"ranks by Tᵉᵉ, {TOP} at most, and counts of the pairs", counts),
        code=lines(
            layer,
            None,
            f"counts = {counts_in_code(layer, none='None')}",
            "table = detok.rebuilt_words(layer, counts).words",
        ),
        readings=(rebuilt_readings.tried(rebuilt_tables.by_head(found), found.n_tried),),
        listed={"": rebuilt_tables.gallery(found.words, N_WORDS)},
    )


@kept
def emergence(layer: AnyLayer) -> list[Figure]:
    """How the heads came to detokenize in training; nothing of a model that does not tell.

    Raises: InputError if what it tells is damaged.
    """
    path = layer.source.folder / "emergence.csv"
    if not path.exists():
        return []
    history = tables.history(path)
    answer = readings.emergence(tables.growth(history), tables.fallen(history))

    def figure(column: str, title: str, name: str, number: str) -> Figure:
        table = history[["step", "tokens", "held_out_loss", "head", column]]
        return Figure(
            name=name,
            title=f"{title} during training",
            table=table,
            about=about(layer, f"{title} of each head, by the tokens seen in training"),
            code=lines(
                layer,
                None,
                "import pandas as pd",
                'table = pd.read_csv(layer.source.folder / "emergence.csv")',
                f"table = table[{table.columns.tolist()}]",
            ),
            draw=lambda dark: charts.emergence(table, column, title, number),
            answer=answer if column == "pair_auroc" else "",
        )

    return [figure(column, *titled) for column, titled in IN_TRAINING.items()]

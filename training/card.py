"""The model card of the bundled model, written from what `training.publish` measured."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from detok.counting.counts import Counts
from training.bigram import bits_per_byte
from training.measure import BINDS, MIN_PAIR_COUNT, MIN_PMI, TOP

LOGGED_WINDOWS = 200  # behind every held-out loss in the log of training.train
SHOWN = 40  # names, and words, in the card


@dataclass(frozen=True)
class Facts:
    """All that the card says; nothing in it comes from elsewhere."""

    config: dict[str, Any]
    n_parameters: int
    texts: dict[str, Any]  # texts.json of training.vocabulary
    settings: dict[str, Any]  # settings.json of training.train, empty if the run has not ended
    checkpoint: str  # the name of the folder that was published
    loss: float  # nats per token, over all held-out windows
    bigram_loss: float
    held_out_windows: int
    emergence: pd.DataFrame
    heads: pd.DataFrame  # over all tokens
    first_of_any: float  # share of tokens whose true predecessor is some head's TOP
    sample: int  # tokens in the AUROC of `emergence`
    uniform: dict[int, float]  # attention mass of the last positions, were it spread evenly
    candidates: int  # names and words of two tokens in the corpus
    hits: list[int]  # how many of them each head has among its TOP
    chance_hits: float  # how many a head with random rankings would have
    binding: list[int]  # the heads that have at least BINDS times as many
    joined: pd.DataFrame  # those that one of these heads has among its TOP
    counts: Counts
    bytes: dict[str, int]  # of the files, by name


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    lines = [list(header)]
    lines += [["---"] * len(lines[0]), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def paragraph(words: str, indent: str = "") -> str:
    """A paragraph, or with "- " an item of a list, wrapped."""
    return textwrap.fill(
        " ".join(words.split()),
        width=100,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )


def items(*lines: str) -> str:
    """A Markdown list."""
    return "\n".join(paragraph(line, "- ") for line in lines)


def text(facts: Facts) -> str:
    """The whole card, in Markdown."""
    parts = [_head, _architecture, _data, _training, _loss, _heads, _joined, _files, _retrain]
    return "\n\n".join(part(facts) for part in [*parts, _limits]) + "\n"


def _head(facts: Facts) -> str:
    intro = """A small GPT-2 that comes with detok, so that everything can be tried without a
        download. It was trained from scratch on public-domain books. `python -m training.publish`
        wrote this card: the final loss, the heads and the names are measured on the published
        files, the steps before on snapshots of the same run."""
    chosen = """It was chosen by how well its heads bind the pieces of words, not by its loss: a
        small vocabulary, so that every pair of tokens is seen often, and, in training, windows
        without positions, so that a head has to find by their content which tokens go together.
        Where the two disagreed, binding had priority."""
    trial = f"**A trial: the snapshot `{facts.checkpoint}` of a run that had not ended.**"
    return f"# mini\n\n{paragraph(intro)}\n\n{paragraph(chosen)}" + (
        "" if facts.settings else f"\n\n{trial}"
    )


def _architecture(facts: Facts) -> str:
    c = facts.config
    rows = [
        ("Layers", c["n_layer"]),
        ("Heads per layer, H", c["n_head"]),
        ("Width, d", c["n_embd"]),
        ("Width of a head, d'", c["n_embd"] // c["n_head"]),
        ("Width of the MLP", c.get("n_inner") or 4 * c["n_embd"]),
        ("Vocabulary, V", f"{c['vocab_size']:,} tokens, byte-level BPE"),
        ("Positions, L", f"{c['n_positions']}, learned and absolute"),
        ("Parameters", f"{facts.n_parameters:,}, with tied input and output embeddings"),
        ("Stored as", "float16; it loads, and was measured, in float32"),
    ]
    return "## Architecture\n\n" + table(["GPT-2", ""], rows)


def _data(facts: Facts) -> str:
    splits = [("Training", facts.texts["train"]), ("Held out", facts.texts["held_out"])]
    rows = [
        (name, *(f"{split[key]:,}" for key in ("documents", "tokens", "bytes")))
        for name, split in splits
    ]
    titles = "\n".join(f"- {' '.join(name.split())}" for name in facts.texts["held_out_names"])
    return f"""## Data

Public-domain books in English. The vocabulary and the model saw the training books only; which
books are held out follows from a hash of author and title.

{table(["Books", "number", "tokens", "bytes of text"], rows)}

Held out (author as the collection files it):

{titles}"""


def _training(facts: Facts) -> str:
    s = facts.settings
    if not s:
        return "## Training\n\nThe run had not ended; its settings are not known yet."
    trained = s["steps"] * s["batch"] * facts.config["n_positions"]
    passes = trained / facts.texts["train"]["tokens"]
    rows = [
        ("Tokens", f"{trained:,}, or {passes:.2f} passes over the training books"),
        ("Steps", f"{s['steps']:,} of {s['batch']} × {facts.config['n_positions']} tokens"),
        ("Optimizer", "AdamW (0.9, 0.95), weight decay 0.1 on matrices, gradients clipped at 1"),
        (
            "Learning rate",
            f"{s['learning_rate']:g} after {s['warmup_steps']} steps of warm-up; linear to 0 over "
            f"the last {s['decay_share']:.0%} of the steps",
        ),
        ("Dropout", "none"),
        (
            "Positions",
            f"left out in {s['unplaced']:.0%} of the windows, drawn at random, after step "
            f"{s['placed_steps']:,}",
        ),
        ("Precision", "float32 weights" + (", bfloat16 products" if s["bfloat16"] else "")),
        ("Seed", s["seed"]),
        ("Time", f"{s['seconds'] / 60:,.0f} minutes on: {s['device']}"),
    ]
    return "## Training\n\n" + table(["Setting", "Value"], rows)


def _loss(facts: Facts) -> str:
    totals = facts.texts["held_out"]
    rows = [
        (name, f"{nats:.4f}", f"{bits_per_byte(nats, totals):.4f}")
        for name, nats in (("mini", facts.loss), ("bigram model", facts.bigram_loss))
    ]
    difference = facts.loss - facts.bigram_loss
    intro = f"""
        Over all {facts.held_out_windows:,} windows of {facts.config["n_positions"]} held-out
        tokens, in each of which all tokens but the first are predicted. The bigram model is
        interpolated Kneser-Ney, fitted on all training books and scored on the same tokens. mini is
        {abs(difference):.4f} nats per token {"below" if difference < 0 else "above"} it."""
    steps = [
        (f"{row.step:,}", f"{row.tokens:,}", f"{row.held_out_loss:.3f}")
        for row in facts.emergence.drop_duplicates("step").itertuples()
    ]
    return f"""## Held-out loss

{paragraph(intro)}

{table(["Model", "nats per token", "bits per byte"], rows)}

During training, on {LOGGED_WINDOWS} of the windows, spread evenly:

{table(["Step", "tokens seen", "nats per token"], steps)}"""


def _heads(facts: Facts) -> str:
    best = facts.heads.loc[facts.heads["pair_auroc_unweighted"].idxmax()]
    intro = f"""
        Head {int(best["head"])} has the highest pair AUROC if every token counts once,
        {best["pair_auroc_unweighted"]:.3f}; the highest weighted by how often tokens occur is
        {facts.heads["pair_auroc"].max():.3f}. For {facts.first_of_any:.1%} of the tokens some head
        has the true predecessor among its first {TOP}. A head that is blind to tokens and positions
        would have the values of the last row."""
    rows = [
        (
            int(row["head"]),
            f"{row['pair_auroc']:.3f}",
            f"{row['pair_auroc_unweighted']:.3f}",
            f"{row['first_3']:.1%}",
            f"{row['auroc']:.3f}",
            *(f"{row[f'mass_last_{n}']:.3f}" for n in facts.uniform),
            f"{row['rise_share']:.3f}",
            f"{row['diagonal_share']:.4f}",
        )
        for _, row in facts.heads.iterrows()
    ]
    uniform = (f"{share:.3f}" for share in facts.uniform.values())
    V = facts.config["vocab_size"]
    blind = ("0.500", "—", f"{TOP / V:.1%}", "—")
    rows.append(("blind", *blind, *uniform, "0.500", f"{1 / V:.4f}"))
    measures = ["pair AUROC", "each token once", f"first {TOP}", "paper's AUROC"]
    header = ["Head", *measures, *(f"last {n}" for n in facts.uniform), "T^p rises", "diagonal"]
    columns = items(
        """**pair AUROC**: the chance that T^ee ranks a token which the training books have before
        a token (weighted by how often) above one drawn from the books; mean over the tokens,
        weighted by how often they occur. A head that knows how common tokens are, and nothing of
        pairs, has 0.5. **each token once** is the same without those weights, where rare tokens
        count as much as common ones.""",
        f"""**first {TOP}**: how often the true predecessor, the one with the largest pointwise
        mutual information of those seen at least 10 times, is among the first {TOP} of all past
        tokens.""",
        """**paper's AUROC**: the same tokens against those never seen before, each of weight 1.
        Frequency alone gives a high value, which is why pair AUROC is there.""",
        f"""**last {", ".join(map(str, facts.uniform))}**: the attention that position
        {facts.config["n_positions"] // 2} would pay to its last so many positions, its own among
        them, by position alone (softmax of T^p + T^pp).""",
        "**T^p rises**: the share of steps from a position to the next at which T^p grows.",
        "**diagonal**: the share of tokens whose best past token by T^ee is the token itself.",
    )
    outro = f"""
        `emergence.csv` has these by training step, over a fixed sample of {facts.sample:,} tokens
        that occur at least 100 times."""
    return f"""## What the heads of the first layer do

{paragraph(intro)}

{table(header, rows)}

{columns}

{paragraph(outro)}"""


def _joined(facts: Facts) -> str:
    is_name = facts.joined["is_name"]
    names, words = facts.joined[is_name], facts.joined[~is_name]
    V = facts.config["vocab_size"]
    intro = f"""
        Found without a list of them: the training books have {facts.candidates:,} pairs of tokens
        that make a whole name or word, occur at least {MIN_PAIR_COUNT} times, and at least
        {2**MIN_PMI:.0f} times as often as chance would have it. For each, all {V:,} past tokens are
        ranked for the current one by T^ee alone. So many true pasts are among the top {TOP}:"""
    chance = facts.chance_hits
    rows = [(head, n, f"{n / chance:.1f}" if chance else "—") for head, n in enumerate(facts.hits)]
    rows.append(("random ranking", f"{chance:.1f}", "1.0"))
    which = ", ".join(map(str, facts.binding)) or "none"
    few = f"Fewer than 20 of them are names: {len(names)}." if len(names) < 20 else ""
    outro = f"""
        The heads with at least {BINDS} times as many as chance are: {which}. Together they bind
        {len(facts.joined):,} pairs, where as many random rankings would bind
        {chance * len(facts.binding):.0f}. {few} A capitalised word counts as a name if
        the books hardly have it in lower case. `·` is a space; *rank* is the rank in that head,
        *count* how often the books have the pair."""
    return f"""## Names and words that join

{paragraph(intro)}

{table(["Head", f"in the top {TOP}", "over chance"], rows)}

{paragraph(outro)}

{_pairs("Names", names)}

{_pairs("Words", words)}"""


def _pairs(title: str, pairs: pd.DataFrame) -> str:
    more = f", the first {SHOWN} by rank and count" if len(pairs) > SHOWN else ""
    columns = ["joined", "past", "current", "head", "rank", "count"]
    rows = [
        (joined.strip(), f"`{_dotted(past)}` + `{_dotted(current)}`", head, rank, f"{count:,}")
        for joined, past, current, head, rank, count in pairs[columns].head(SHOWN).to_numpy()
    ]
    body = table(["Joined", "past + current", "head", "rank", "count"], rows) if rows else "None."
    return f"### {title}: {len(pairs)} found{more}\n\n{body}"


def _dotted(token: str) -> str:
    return token.replace(" ", "·")


def _files(facts: Facts) -> str:
    sizes = {name: size for name, size in facts.bytes.items() if name != "README.md"}
    rows = [(f"`{name}`", f"{size / 1000:,.1f} kB") for name, size in sizes.items()]
    kept = (
        "all pairs of neighbours, none left out"
        if facts.counts.min_count <= 1
        else f"the pairs of neighbours that occur at least {facts.counts.min_count} times"
    )
    outro = f"""
        `counts.parquet` has how often each token occurs in the training books, and {kept}:
        {len(facts.counts.past):,} pairs. The format is described in
        `detok/counting/counts_file.py`."""
    return f"""## Files

{table(["File", "size"], rows)}

{paragraph(outro)}"""


def _retrain(facts: Facts) -> str:
    s = facts.settings
    options = (
        f" --tokens {s['tokens']:.0f} --layers {s['layers']} --width {s['width']}"
        f" --heads {s['heads']} --mlp {s['mlp']} --batch {s['batch']} --unplaced {s['unplaced']:g}"
        f" --placed-steps {s['placed_steps']}"
        f" --learning-rate {s['learning_rate']:g} --seed {s['seed']}"
        f"{' --bfloat16' if s['bfloat16'] else ''}{' --compile' if s['compile'] else ''}"
        if s
        else ""
    )
    return f"""## Retraining

With a folder of texts (`.txt`, or Parquet with the columns author, title, text):

```
python -m training.vocabulary --texts TEXTS --out RUN --vocab-size {facts.config["vocab_size"]}
python -m training.train --out RUN{options}
python -m training.publish --run RUN --out detok/bundled/mini
```"""


def _limits(facts: Facts) -> str:
    last = facts.config["n_positions"] - 1
    limits = items(
        """It is there to be looked into. It is far too small to write sensible text, and its books
        are old: their language, and their views of people, are those of their time.""",
        f"It knows English only, and {facts.config['n_positions']} tokens at a time.",
        """The pair AUROC and the joined names are measured with the pairs of the training books
        themselves: they say what the weights have taken up, not how well that generalises. Only the
        loss is on held-out books.""",
        f"""Position {last} was never trained: nothing is predicted from it, and no other position
        attends to it. Its embedding is what initialisation and weight decay left.""",
        "It is one run with one seed. Which head does what would differ in another.",
    )
    return f"## Limits\n\n{limits}"

"""What is said of the flow of information follows from its tables."""

import re
from dataclasses import replace

import pandas as pd
import pytest

import detok
from detok.readings import flow as readings
from detok.tables import flow as tables

FOUND = tables.Settled(
    rank=3,
    layer=1,
    part="attention of layer 1",
    kept="attention of layer 1",
    before=0.004,
    after=0.25,
    last=0.5,
)


def test_where_the_target_settles(a_run: detok.Run) -> None:
    show = a_run.model.tokenizer.show
    said = readings.settled(a_run, 8, FOUND)
    assert said == (
        f"At {show(int(a_run.ids[8]))} (position 8), {show(7)} first has its final rank in the "
        "stream, 3 of 300, after the attention of layer 1, which takes its probability from 0.4% "
        "to 25%; it keeps it and ends with 50%. By chance it would be at 150, the middle, with "
        "0.333%."
    )
    later = readings.settled(a_run, 8, replace(FOUND, kept="MLP of layer 2"))
    assert "; it keeps it from the MLP of layer 2 on and ends with 50%" in later
    at_once = readings.settled(a_run, 8, replace(FOUND, part=None, kept=None))
    assert "3 of 300, before all layers, with 25%; it keeps it and" in at_once


def test_the_sentences_of_a_run_have_numbers_only(a_run: detok.Run) -> None:
    for position in range(a_run.n):
        flow = detok.flow(a_run, position)
        said = readings.settled(a_run, position, tables.settled(tables.stream(flow)))
        parts = tables.parts(flow, range(3))
        said += readings.graph(a_run, tables.leading(parts), len(parts), range(3))
        said += "".join(readings.part(a_run, row) for _, row in parts.iterrows())
        assert not re.search(r"\b(nan|inf|None|NA)\b", said)


def test_what_stands_out(a_run: detok.Run) -> None:
    parts = tables.parts(detok.flow(a_run), range(1, 3))
    found = tables.leading(parts)
    said = readings.graph(a_run, found, len(parts), range(1, 3))
    assert said.startswith(f"Layers 1 to 2, {len(parts)} parts. Head ")
    assert f"comes from {found.value['past']} (attention" in said
    assert f"{found.most['part']} adds most" in said
    nothing = tables.Leading(None, None, None, None)
    assert readings.graph(a_run, nothing, 1, range(1)) == "Layer 0, 1 part."


@pytest.mark.parametrize("kind", readings.KINDS)
def test_every_kind_of_part_is_explained(a_run: detok.Run, kind: str) -> None:
    parts = tables.parts(detok.flow(a_run), range(3))
    row = parts[parts["kind"] == kind].iloc[0]
    said = readings.part(a_run, row)
    assert readings.KINDS[kind] in said
    assert f"has norm {row['norm']:.4g} and reads as {row['reads']} (" in said
    assert (f"{row['adds']:+.3f}" in said) == (not pd.isna(row["adds"]))


def test_a_neuron_with_a_negative_activation_adds_the_opposite(a_run: detok.Run) -> None:
    parts = tables.parts(detok.flow(a_run), range(3))
    neurons = parts[parts["kind"] == "neuron"]
    for _, row in neurons.iterrows():
        said = readings.part(a_run, row)
        assert ("it adds the opposite of its row" in said) == (row["coefficient"] < 0)

"""What is said of attention without some terms follows from its table."""

import detok
from detok.readings import ablation as readings
from detok.tables import ablation as tables

IDS = [70, 12, 250, 12, 9, 9, 31]


def test_how_far_attention_has_moved(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS, heads=1), ["pp", "e"])
    nats = ablation.divergence[0]
    one = tables.divergences(ablation, [1], 3)
    said = readings.divergences(one, ["pp", "e"], 3)
    assert said.startswith(f"Without pp and e: D(P‖Q) = {nats[3]:.3g} nats at i = 3")
    assert f"at most {nats.max():.3g} (at i = {nats.argmax()})" in said
    several = detok.ablate(detok.terms(layer, IDS), ["ee"])
    best = int(several.divergence.mean(dim=1).argmax())
    said = readings.divergences(tables.divergences(several, [0, 1], 3), ["ee"], 3)
    assert f"first: head {best}" in said
    assert "the model's own" in readings.divergences(one, [], 3)


def test_what_has_not_moved_is_not_ranked(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, [70]), ["ee"])
    table = tables.divergences(ablation, [0, 1], 0)
    said = readings.divergences(table, ["ee"], 0)
    assert said == "Without ee, no head's attention moves by more than 1e-06 nats, D(P‖Q)."
    said = readings.divergences(table[:1], ["ee"], 0)
    assert said == "Without ee, attention does not move by more than 1e-06 nats, D(P‖Q)."

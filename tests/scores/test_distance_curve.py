"""The curve of a pair over distances, against the terms of texts that have it so far apart."""

import pytest
import torch

import detok

CURRENT, PAST = 11, 7


def test_it_is_the_terms_at_each_distance(rotary: detok.RotaryLayer) -> None:
    curve = detok.distance_curve(rotary, CURRENT, PAST)
    assert curve.names == rotary.term_names
    n = min(rotary.n_positions, 500)
    text = detok.terms(rotary, [PAST, *[5] * (n - 2), CURRENT])
    near = detok.terms(rotary, [PAST, CURRENT])
    for name in curve.names:
        wave = getattr(curve, name)
        found = wave.at([n - 1, 1])  # (H, 2)
        expected = torch.stack([text.matrix(name)[:, -1, 0], near.matrix(name)[:, 1, 0]], dim=1)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
        slope = torch.as_tensor(wave.slope).expand(rotary.n_heads)[:, None]
        most = (wave.amplitude.sum(dim=1) + wave.constant.abs())[:, None]
        assert ((found + slope * torch.tensor([n - 1, 1])).abs() <= most + 1e-9).all()
    torch.testing.assert_close(curve.total.at([n - 1])[:, 0], text.total[:, -1, 0])


def test_heads_and_the_largest(rotary: detok.RotaryLayer) -> None:
    curve = detok.distance_curve(rotary, CURRENT, PAST)
    one = detok.distance_curve(rotary, CURRENT, PAST, heads=1)
    torch.testing.assert_close(one.ee.at(range(9)), curve.ee.at(range(9))[[1]])
    largest = curve.largest(30)
    for head, distance in enumerate(largest.tolist()):
        values = [curve.ee.at([d])[head].item() for d in range(30)]
        assert values[distance] == max(values)


def test_the_spectrum_is_that_of_the_curve(qwen2: detok.RotaryLayer) -> None:
    """After a period of a frequency its own wave is where it was."""
    ee = detok.distance_curve(qwen2, CURRENT, PAST).ee
    assert ee.theta.min() > 0
    torch.testing.assert_close(ee.period * ee.theta, torch.full_like(ee.theta, 2 * torch.pi))
    at_0 = ee.constant + ee.cosine.sum(dim=1)
    torch.testing.assert_close(ee.at([0])[:, 0], at_0)


def test_refused(rotary: detok.RotaryLayer, layer: detok.Layer) -> None:
    with pytest.raises(detok.InputError, match="expected a model with rotary positions"):
        detok.distance_curve(layer, 5, 6)
    with pytest.raises(detok.InputError, match="token id 300 is out of range"):
        detok.distance_curve(rotary, 300, 6)
    with pytest.raises(detok.InputError, match="expected one of ee"):
        detok.distance_curve(rotary, 5, 6).largest(3, "pp")
    for n in (0, 1.5, "3"):
        with pytest.raises(detok.InputError, match=f"n is {n!r}; expected at least 1"):
            detok.distance_curve(rotary, 5, 6).largest(n)

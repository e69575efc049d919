"""Indicators of tokens with little training, against the embeddings themselves."""

from dataclasses import replace

import numpy as np
import torch
from scipy.spatial.distance import cdist

import detok
from detok.scores.undertrained import UNUSED_BYTES, undertrained


def test_norm_variance_and_distance(layer: detok.Layer) -> None:
    found = undertrained(layer)
    e = layer.W_E.double().numpy()
    assert {layer.tokenizer.bytes_of(t) for t in found.unused} == UNUSED_BYTES
    np.testing.assert_allclose(found.norm, np.linalg.norm(e, axis=1), rtol=1e-5)
    np.testing.assert_allclose(found.variance, e.var(axis=1), rtol=1e-4)
    mean = e[found.unused].mean(axis=0)
    distance = cdist(e, mean[None], "cosine")[:, 0]
    np.testing.assert_allclose(found.distance, distance, atol=1e-5)


def test_an_embedding_of_nothing(layer: detok.Layer) -> None:
    W_E = layer.W_E.clone()
    W_E[5] = 0
    found = undertrained(replace(layer, W_E=W_E))
    assert found.norm[5] == 0
    assert found.distance is not None
    assert found.distance[5] == 1
    assert torch.isfinite(found.distance).all()


def test_unused_bytes_are_in_no_text() -> None:
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)])).encode()
    assert {bytes([b]) for b in range(256)} - {bytes([b]) for b in set(every)} == UNUSED_BYTES

"""A fixture of the tests that count."""

from collections.abc import Iterator

import pytest

from detok.counting import encoding, pairs, parts, pieces, plan


@pytest.fixture(scope="module")
def small_portions() -> Iterator[None]:
    """A few words take many pieces, batches, blocks, parts and runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", 7)
        patch.setattr(parts, "PART_BYTES", 50)
        patch.setattr(encoding, "BATCH_CHARACTERS", 20)
        patch.setattr(pairs, "BLOCK", 5)
        patch.setattr(pairs, "RANGES", 3)
        patch.setattr(plan, "MIN_MEMORY", 1)
        yield

"""Values that the papers of the four systems publish, checked on the real GPT-2.

    DETOK_TEST_HUB=1 pytest tests/golden_whole.py

downloads all layers of gpt2 once (548 MB), with DETOK_TEST_HUB=xl those of gpt2-xl too (6.4 GB).
Without the variable everything here is skipped.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import detok

# (layer, head): ‖R‖ in gpt2-xl, "I like Italy and France. I visited the city of" → " Florence".
REVERSED_NORMS = {
    (30, 8): 0.023333,
    (35, 19): 0.018387,
    (31, 6): 0.014737,
    (24, 4): 0.011926,
    (32, 7): 0.010773,
}
# Norms of the second matrix's VJP by layer in gpt2, "Obama grew up in" → " Paris".
VJP_NORMS = (
    *(0.1152, 0.1888, 0.2457, 0.2588, 0.2834, 0.2969),
    *(0.3333, 0.3002, 0.2762, 0.2441, 0.2107, 0.1932),
)
LOSS, OWN_ANSWER = 7.4214015, " a"

ASKED = os.environ.get("DETOK_TEST_HUB")
if not ASKED:
    pytest.skip(
        "downloads all layers of GPT-2 from the hub (0.5 GB); DETOK_TEST_HUB=1 asks for it",
        allow_module_level=True,
    )


def fetched(model: str) -> detok.Model:
    """The model, downloaded in another process: conftest keeps this one from asking the hub."""
    found = subprocess.run(
        [sys.executable, "-c", f"import detok; detok.fetch_whole({model!r})"],
        cwd=Path(__file__).parents[1],
        env={k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"},
        capture_output=True,
        text=True,
    )
    if found.returncode:
        pytest.fail(f"{model} is not there: {found.stderr.strip().splitlines()[-1]}")
    return detok.load_model(model, device="cpu")


@pytest.fixture(scope="module")
def small() -> detok.Model:
    return fetched("gpt2")


def test_backward_lens(small: detok.Model) -> None:
    ids = small.tokenizer.encode("Obama grew up in")
    assert small.tokenizer.text(detok.run(small, ids).target) == OWN_ANSWER
    run = detok.run(small, ids, " Paris")
    assert run.loss == pytest.approx(LOSS, abs=1e-4)
    norms = detok.backward_lens(run).second_norms[:, -1].tolist()
    assert norms == pytest.approx(VJP_NORMS, abs=1e-4)


def test_flow(small: detok.Model) -> None:
    """In block 8 Argentina comes up, with what head 11 takes from "Aires"."""
    ids = small.tokenizer.encode("Buenos Aires is the capital of")
    nodes = detok.flow(detok.run(small, ids, " Argentina")).nodes
    states = nodes[nodes["kind"] == "state"].set_index("layer")["probability"]
    assert states[8] < 0.01
    assert states[9] == pytest.approx(0.63, abs=0.02)
    block = nodes[nodes["layer"] == 8]
    heads = block[block["kind"] == "head"]
    assert heads.loc[heads["norm"].idxmax(), "head"] == 11
    values = block[(block["kind"] == "value") & (block["head"] == 11)]
    strongest = values.loc[(values["coefficient"] * values["norm"]).idxmax(), "position"]
    assert "Aires" in small.tokenizer.text(ids[strongest])


@pytest.mark.skipif(ASKED != "xl", reason="downloads 6.4 GB; DETOK_TEST_HUB=xl asks for it")
def test_reversed_attention() -> None:
    model = fetched("gpt2-xl")
    ids = model.tokenizer.encode("I like Italy and France. I visited the city of")
    norms = detok.reversed_attention(detok.run(model, ids, " Florence")).norms
    for (layer, head), published in REVERSED_NORMS.items():
        assert norms[layer, head].item() == pytest.approx(published, rel=1e-3), (layer, head)
    best = norms.flatten().topk(5).indices.tolist()
    assert [divmod(n, model.n_heads) for n in best] == list(REVERSED_NORMS)

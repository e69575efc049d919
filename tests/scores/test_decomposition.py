"""The identity that everything rests on: the six terms sum to the model's own attention score."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, strategies as st
from transformers import GPT2LMHeadModel

import detok
from detok.scores.mean_attention import row
from detok.scores.reference import direct_error
from tests.support.models import hard_checkpoint, random_checkpoint

SHAPES = [
    {"n_head": 1, "n_embd": 4, "n_positions": 3, "vocab_size": 257},
    {"n_head": 2, "n_embd": 16, "n_positions": 16, "vocab_size": 300},
    {"n_head": 4, "n_embd": 48, "n_positions": 40, "vocab_size": 400},
    {"n_head": 12, "n_embd": 96, "n_positions": 24, "vocab_size": 1000},
]


def own_attention_and_scores(
    model: GPT2LMHeadModel, ids: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The oracle: the model's first-layer attention, and q · k from its own modules (unscaled)."""
    seen = {}
    c_attn = model.transformer.h[0].attn.c_attn
    handle = c_attn.register_forward_hook(lambda *args: seen.update(qkv=args[2]))
    with torch.inference_mode():
        attention = model(ids[None], output_attentions=True).attentions[0][0]  # (H, n, n)
    handle.remove()
    q, k, _ = seen["qkv"][0].unflatten(1, (3, model.config.n_head, -1)).permute(1, 2, 0, 3)
    return attention, q @ k.mT  # (H, n, n)


def per_row(scores: torch.Tensor) -> torch.Tensor:
    """Scores without the constant of each row, which softmax ignores."""
    return scores - scores.mean(dim=-1, keepdim=True)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-3), (torch.float64, 1e-8)])
def test_terms_are_the_models_own_scores(
    tmp_path: Path, shape: dict[str, int], dtype: torch.dtype, tolerance: float
) -> None:
    model = random_checkpoint(tmp_path, **shape).to(dtype)
    layer = detok.load(str(tmp_path), device="cpu", dtype=dtype)
    generator = torch.Generator().manual_seed(0)
    for n in (1, 2, shape["n_positions"]):
        ids = torch.randint(shape["vocab_size"], (n,), generator=generator)
        attention, scores = own_attention_and_scores(model, ids)
        terms = detok.terms(layer, ids)
        torch.testing.assert_close(detok.attention(terms), attention, atol=1e-5, rtol=0)
        torch.testing.assert_close(per_row(terms.total), per_row(scores), atol=tolerance, rtol=0)


@pytest.mark.parametrize("case", ["cancelling", "large_mean"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_attention_keeps_its_digits_in_float32(
    tmp_path: Path, case: str, dtype: torch.dtype
) -> None:
    """Where a token nearly cancels its position, or a mean is 1000 times its spread."""
    model = hard_checkpoint(tmp_path, case, dtype)
    layer = detok.load(str(tmp_path), device="cpu")
    for ids in (
        torch.arange(40),
        torch.arange(40) + 10 * (torch.arange(40) % 3),
        torch.tensor([1]),
    ):
        expected, _ = own_attention_and_scores(model, ids)
        found = detok.attention(detok.terms(layer, ids))
        torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)
        assert direct_error(layer, ids) < 1e-5
        last = row(layer, ids.expand(2, -1), len(ids) - 1)  # (H, 2, n)
        for text in (0, 1):
            torch.testing.assert_close(last[:, text].double(), expected[:, -1], atol=1e-5, rtol=0)
        one_head = detok.attention(detok.terms(layer, ids, heads=[2]))
        torch.testing.assert_close(one_head[0].double(), expected[2], atol=1e-5, rtol=0)


def test_the_random_models_are_no_trivial_case(tmp_path: Path) -> None:
    """Attention is far from uniform and every term matters, so that a missing term would show."""
    random_checkpoint(tmp_path, **SHAPES[2])
    layer = detok.load(str(tmp_path), device="cpu")
    terms = detok.terms(layer, range(40))
    full = detok.attention(terms)
    for name in ("ee", "pp", "ep", "pe", "e", "p"):
        without = {**vars(terms), name: torch.zeros_like(getattr(terms, name))}
        assert (detok.attention(detok.Terms(**without)) - full).abs().max() > 1e-2, name


def test_the_bundled_model_too() -> None:
    layer = detok.load("mini", device="cpu")
    model = GPT2LMHeadModel.from_pretrained(
        layer.source.folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    text = "Mr. Sherlock Holmes, who was usually very late in the mornings, was seated.\n" * 9
    ids = torch.tensor(layer.tokenizer.encode(text)[: layer.n_positions])
    attention, scores = own_attention_and_scores(model, ids)
    terms = detok.terms(layer, ids)
    torch.testing.assert_close(detok.attention(terms), attention, atol=1e-5, rtol=0)
    torch.testing.assert_close(per_row(terms.total), per_row(scores), atol=1e-3, rtol=0)


def changed(layer_folder: Path, tmp_path: Path, change: str, by: float) -> detok.Layer:
    """The checkpoint again, with b_K raised by a constant, or γ and β multiplied by one."""
    model = GPT2LMHeadModel.from_pretrained(layer_folder)
    block = model.transformer.h[0]
    with torch.no_grad():
        if change == "b_K":
            d = model.config.n_embd
            block.attn.c_attn.bias[d : 2 * d] += by
        else:
            block.ln_1.weight *= by
            block.ln_1.bias *= by
            block.attn.c_attn.bias.zero_()
    model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes((layer_folder / "tokenizer.json").read_bytes())
    return detok.load(str(tmp_path), device="cpu", dtype=torch.float64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint")
    random_checkpoint(path, **SHAPES[1])
    return path


texts = st.lists(st.integers(0, SHAPES[1]["vocab_size"] - 1), min_size=1, max_size=16)


@given(ids=texts)
def test_total_is_the_sum_of_the_terms(folder: Path, ids: list[int]) -> None:
    terms = detok.terms(load_once(folder), ids)
    total = terms.ee + terms.pp + terms.ep + terms.pe
    total = total + terms.e[:, None, :] + terms.p[:, None, :]
    torch.testing.assert_close(terms.total, total, atol=1e-12, rtol=0)
    attention = detok.attention(terms)
    n = len(ids)
    torch.testing.assert_close(attention.sum(-1), torch.ones_like(terms.e), atol=1e-12, rtol=0)
    assert (attention[:, torch.ones(n, n).triu(1).bool()] == 0).all()


_loaded: dict[Path, detok.Layer] = {}


def load_once(folder: Path) -> detok.Layer:
    if folder not in _loaded:
        _loaded[folder] = detok.load(str(folder), device="cpu", dtype=torch.float64)
    return _loaded[folder]


@given(ids=texts, by=st.sampled_from([-30.0, -1.0, 0.5, 10.0]))
def test_a_constant_added_to_b_K_changes_nothing(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, ids: list[int], by: float
) -> None:
    path = folder.parent / f"b_K{by}"
    if path not in _loaded:
        _loaded[path] = changed(folder, path, "b_K", by)
    before, after = detok.terms(load_once(folder), ids), detok.terms(_loaded[path], ids)
    for name in ("ee", "pp", "ep", "pe", "e", "p"):
        torch.testing.assert_close(getattr(after, name), getattr(before, name), atol=1e-9, rtol=0)


@given(ids=texts, by=st.sampled_from([-2.0, 0.5, 4.0]))
def test_scaling_ln_1_scales_every_term_by_its_square(
    folder: Path, ids: list[int], by: float
) -> None:
    """With c_attn's bias at zero, queries and keys are both linear in (γ, β)."""
    paths = [folder.parent / f"gamma{factor}" for factor in (1.0, by)]
    for path, factor in zip(paths, (1.0, by), strict=True):
        if path not in _loaded:
            _loaded[path] = changed(folder, path, "gamma", factor)
    before, after = (detok.terms(_loaded[path], ids) for path in paths)
    for name in ("ee", "pp", "ep", "pe", "e", "p"):
        expected = getattr(before, name) * by**2
        torch.testing.assert_close(getattr(after, name), expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([], "no tokens; expected at least 1"),
        (range(17), "n = 17 tokens; expected at most L = 16"),
        ([1, 300], "token id 300 is out of range; expected 0 ≤ id < V = 300"),
        ([-1], "token id -1 is out of range"),
        ([[1, 2]], r"shape \(1, 2\).*expected \(n,\) integers"),
        ([0.5], "expected \\(n,\\) integers"),
        ([True, False], "expected \\(n,\\) integers"),
        ("a text", "cannot be read as numbers .*expected token ids"),
        ([[1], [1, 2]], "cannot be read as numbers"),
        (None, "cannot be read as numbers"),
    ],
)
def test_ids_that_the_model_cannot_take(folder: Path, ids: list, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        detok.terms(load_once(folder), ids)

"""Small GPT-2 checkpoints with random weights, whose attention is far from uniform."""

from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel

END_OF_TEXT = "<|endoftext|>"


def byte_tokenizer(vocab_size: int) -> Tokenizer:
    """A byte-level BPE tokenizer of exactly that size: 256 bytes, made-up merges, end of text."""
    n_merges = vocab_size - 257
    if n_merges < 0:
        raise ValueError(f"vocab_size is {vocab_size}; expected at least 257")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    entries = list(alphabet)
    merges: list[tuple[str, str]] = []
    # Two letters, a space and a letter, then ever longer pieces: all of them reachable.
    letters = "etaoinshrdlcumwfgypbvk"
    pairs = [("Ġ", a) for a in letters] + [(a, b) for a in letters for b in letters]
    while len(merges) < n_merges:
        for left, right in pairs[: n_merges - len(merges)]:
            merges.append((left, right))
            entries.append(left + right)
        pairs = [(left + right, a) for left, right in pairs for a in letters]
    ids = {entry: n for n, entry in enumerate([*entries, END_OF_TEXT])}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END_OF_TEXT])
    assert tokenizer.get_vocab_size() == vocab_size
    return tokenizer


def random_model(
    *,
    n_layer: int = 1,
    n_head: int = 2,
    n_embd: int = 16,
    n_positions: int = 16,
    vocab_size: int = 300,
    seed: int = 0,
) -> GPT2LMHeadModel:
    """A GPT-2 in eager attention; weights, biases and LayerNorms are all random."""
    config = GPT2Config(
        n_layer=n_layer,
        n_head=n_head,
        n_embd=n_embd,
        n_positions=n_positions,
        vocab_size=vocab_size,
        bos_token_id=vocab_size - 1,
        eos_token_id=vocab_size - 1,
        attn_implementation="eager",
    )
    model = GPT2LMHeadModel(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if ".ln_" in name and name.endswith("weight"):
                noise = 1 + 0.5 * noise
            elif ".ln_" in name:
                noise = 0.3 * noise
            elif name.endswith(("wte.weight", "wpe.weight", "bias")):
                noise = 0.5 * noise
            else:
                noise = noise / parameter.shape[0] ** 0.5  # Conv1D: the input width
            parameter.copy_(noise)
    return model


def random_checkpoint(
    folder: Path,
    *,
    n_layer: int = 1,
    n_head: int = 2,
    n_embd: int = 16,
    n_positions: int = 16,
    vocab_size: int = 300,
    seed: int = 0,
) -> GPT2LMHeadModel:
    """Saves a random GPT-2 and a tokenizer of its vocabulary size to a folder; gives the model."""
    model = random_model(
        n_layer=n_layer,
        n_head=n_head,
        n_embd=n_embd,
        n_positions=n_positions,
        vocab_size=vocab_size,
        seed=seed,
    )
    model.save_pretrained(folder)
    byte_tokenizer(vocab_size).save(str(folder / "tokenizer.json"))
    return model


def hard_checkpoint(
    folder: Path, case: Literal["cancelling", "large_mean"], dtype: torch.dtype = torch.float32
) -> GPT2LMHeadModel:
    """Saves a random GPT-2 on which rounding shows, in that type; gives it back in float64.

    "cancelling": token n at position n leaves a hundredth of either, or a hundred-thousandth if n
    is odd. "large_mean": every embedding's mean over the features is 1000 times its spread.
    """
    model = random_model(n_head=4, n_embd=48, n_positions=40, vocab_size=400)
    generator = torch.Generator().manual_seed(1)
    tokens, positions = model.transformer.wte.weight, model.transformer.wpe.weight
    with torch.no_grad():
        if case == "cancelling":
            left = torch.tensor([1e-2, 1e-5]).repeat(20)[:, None]  # (L, 1)
            tokens[:40] = left * tokens[:40] - positions
        else:
            for embeddings in (tokens, positions):
                sign = torch.randn(len(embeddings), 1, generator=generator).sign()
                embeddings += 1000 * sign * embeddings.std(dim=1, keepdim=True)
    model.to(dtype).save_pretrained(folder)
    byte_tokenizer(400).save(str(folder / "tokenizer.json"))
    return model.double()

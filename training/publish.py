"""Writes the bundled model's folder: weights in half precision, tokenizer, counts, measures, card.

Takes a folder in which `training.train` has ended, or with `--model` a snapshot of one that still
runs. Everything in the card is measured here, on what is published.
"""

import argparse
import csv
import datetime
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2LMHeadModel

import detok
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from detok.heads.pair_auroc import pair_auroc
from detok.model.layer import Layer
from detok.model.vocabulary import Vocabulary
from detok.version import __version__
from training import bigram, card, measure
from training.train import N_POSITIONS, held_out_loss, windows
from training.vocabulary import END_OF_TEXT

MAX_COUNTS_BYTES = 6_000_000
SAMPLE = 1000
_CONFIG_KEYS = [
    "activation_function",
    "architectures",
    "attn_pdrop",
    "bos_token_id",
    "embd_pdrop",
    "eos_token_id",
    "initializer_range",
    "layer_norm_epsilon",
    "model_type",
    "n_embd",
    "n_head",
    "n_inner",
    "n_layer",
    "n_positions",
    "resid_pdrop",
    "scale_attn_weights",
    "tie_word_embeddings",
    "vocab_size",
]


def write_model(model: Path, out: Path) -> int:
    """Writes config.json and the weights in float16, the tied head once; gives their number."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config = {key: config[key] for key in _CONFIG_KEYS if key in config}
    # The weights are stored in half the space, but computed with in float32 as they were trained.
    _write_json(out / "config.json", config | {"dtype": "float32"})
    weights = {name: w.half() for name, w in load_file(model / "model.safetensors").items()}
    weights.pop("lm_head.weight", None)
    broken = [name for name, w in weights.items() if not w.isfinite().all()]
    if broken:
        raise ValueError(f"{broken[0]} has values that are not finite in float16")
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)
    return sum(w.numel() for w in weights.values())


def write_tokenizer(run: Path, out: Path) -> None:
    """Writes the tokenizer's files, such that `AutoTokenizer` reads tokenizer.json as it is."""
    shutil.copyfile(run / "tokenizer.json", out / "tokenizer.json")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": N_POSITIONS,
        "clean_up_tokenization_spaces": False,
        **dict.fromkeys(("bos_token", "eos_token", "unk_token"), END_OF_TEXT),
    }
    _write_json(out / "tokenizer_config.json", settings)


def write_counts(counts: Counts, path: Path) -> Counts:
    """Saves the counts with the smallest `min_count` that fits MAX_COUNTS_BYTES; gives those."""
    min_count = counts.min_count
    while True:
        kept = counts.pruned(min_count)
        kept.save(path)
        if path.stat().st_size <= MAX_COUNTS_BYTES:
            return kept
        min_count += 1


def provenance(tokenizer: Vocabulary, texts: dict[str, Any]) -> dict[str, str]:
    """Where the counts of the training texts come from, for the file that holds them."""
    return {
        "corpus": "the public-domain books that mini was trained on",
        "documents": str(texts["train"]["documents"]),
        "tokens": str(texts["train"]["tokens"]),
        "tokenizer": "mini",
        TOKENIZER_HASH: tokenizer.sha256,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "detok": __version__,
    }


def read_log(run: Path) -> dict[int, float]:
    """The held-out loss at every step that the training run measured it at."""
    with (run / "log.csv").open() as file:
        rows = [row for row in csv.reader(file) if row[0] == "held_out"]
    return {int(step): float(loss) for _, step, loss, _ in rows}


def first_layer(folder: Path, run: Path) -> Layer:
    """The first layer of a checkpoint, which need not have the tokenizer of its run beside it."""
    with tempfile.TemporaryDirectory() as whole:
        for file in (folder / "config.json", folder / "model.safetensors", run / "tokenizer.json"):
            shutil.copy(file, whole)
        return detok.load(whole, device="cpu")


def emergence(run: Path, counts: Counts, step_tokens: int) -> pd.DataFrame:
    """The measures of every snapshot by head, and the held-out loss at its step."""
    losses = read_log(run)
    tokens = measure.sampled_tokens(counts, SAMPLE)
    parts = []
    for folder in sorted((run / "snapshots").iterdir()):
        step = int(folder.name)
        if step not in losses:  # is being written
            continue
        heads = measure.heads(first_layer(folder, run), counts, tokens)
        heads.insert(0, "step", step)
        heads.insert(1, "tokens", step * step_tokens)
        heads.insert(2, "held_out_loss", losses[step])
        parts.append(heads)
    columns = ["step", "tokens", "held_out_loss", "head"]
    columns += ["pair_auroc", "pair_auroc_unweighted", "first_3", "auroc"]
    columns += ["mass_last_5", "rise_share", "diagonal_share"]
    return pd.concat(parts, ignore_index=True)[columns].round(5)


def publish(run: Path, model: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    texts = json.loads((run / "texts.json").read_text(encoding="utf-8"))
    settings_path = run / "settings.json"
    settings = json.loads(settings_path.read_text()) if settings_path.exists() else {}
    train = np.load(run / "train.npy", mmap_mode="r")
    held_out = np.load(run / "held_out.npy", mmap_mode="r")

    n_parameters = write_model(model, out)
    write_tokenizer(run, out)
    tokenizer = Vocabulary.from_folder(out)
    end_of_text = tokenizer.backend.token_to_id(END_OF_TEXT)
    counts = count_ids(train, len(tokenizer), end_of_text, provenance(tokenizer, texts))
    kept = write_counts(counts, out / "counts.parquet")
    steps = emergence(run, counts, settings.get("batch", 16) * N_POSITIONS)
    steps.to_csv(out / "emergence.csv", index=False)

    layer = detok.load(str(out), device="cpu")
    pairs = measure.candidates(layer, counts, train)
    ranks, chance = measure.top_ranks(layer, pairs), measure.chance_hits(layer, pairs)
    binding = measure.binding_heads(ranks, chance)
    joined = measure.joined_names(pairs, ranks, binding)
    language_model = GPT2LMHeadModel.from_pretrained(out, dtype=torch.float32).eval()
    language_model.to("cuda" if torch.cuda.is_available() else "cpu")
    held_out_windows = windows(held_out)
    loss = held_out_loss(language_model, held_out_windows, len(held_out_windows))
    facts = card.Facts(
        config=json.loads((out / "config.json").read_text()),
        n_parameters=n_parameters,
        texts=texts,
        settings=settings,
        checkpoint=model.name,
        loss=loss,
        bigram_loss=bigram.held_out_loss(bigram.fit(train, len(tokenizer)), held_out),
        held_out_windows=len(held_out_windows),
        emergence=steps,
        heads=measure.heads(layer, counts, np.arange(layer.vocab_size)),
        first_of_any=pair_auroc(layer, counts).share_of_any(measure.TOP),
        sample=len(measure.sampled_tokens(counts, SAMPLE)),
        uniform=measure.uniform_shares(layer),
        candidates=len(pairs),
        joined=joined,
        hits=(ranks <= measure.TOP).sum(axis=1).tolist(),
        chance_hits=chance,
        binding=binding.tolist(),
        counts=kept,
        bytes={path.name: path.stat().st_size for path in sorted(out.iterdir())},
    )
    (out / "README.md").write_text(card.text(facts), encoding="utf-8")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="what training.train wrote")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--model", type=Path, help="a checkpoint other than the run's last")
    args = parser.parse_args()
    publish(args.run, args.model or args.run / "model", args.out)


if __name__ == "__main__":
    main()

"""Trains the byte-level BPE vocabulary and writes the texts as token ids.

Writes `tokenizer.json`, `train.npy`, `held_out.npy` (uint16, documents separated by the
end-of-text token) and `texts.json` (what was read) into `--out`.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from training import texts

END_OF_TEXT = "<|endoftext|>"


def train_tokenizer(documents: Iterable[str], vocab_size: int) -> Tokenizer:
    """A byte-level BPE tokenizer that splits as GPT-2's does, so that no text is unknown to it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, documents: list[str]) -> np.ndarray:
    """Token ids of all documents in a row, each followed by the end-of-text token."""
    end = tokenizer.token_to_id(END_OF_TEXT)
    parts = []
    for start in range(0, len(documents), 16):
        for encoding in tokenizer.encode_batch(documents[start : start + 16]):
            parts.append(np.array([*encoding.ids, end], dtype=np.uint16))
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, required=True, help="a folder of texts")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocab-size", type=int, default=8192)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    train: list[str] = []
    held_out: list[str] = []
    names: list[str] = []
    for document in texts.read(args.texts):
        if texts.is_held_out(document):
            held_out.append(document.text)
            names.append(document.name)
        else:
            train.append(document.text)

    tokenizer = train_tokenizer(train, args.vocab_size)
    tokenizer.save(str(args.out / "tokenizer.json"))
    summary: dict[str, object] = {"held_out_names": names}
    for split, documents in (("train", train), ("held_out", held_out)):
        ids = encode(tokenizer, documents)
        np.save(args.out / f"{split}.npy", ids)
        summary[split] = {
            "documents": len(documents),
            "bytes": sum(len(d.encode()) for d in documents),
            "tokens": len(ids),
        }
    (args.out / "texts.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()

"""Trains a small GPT-2 on the token ids that `training.vocabulary` wrote.

Writes the trained model into `--out/model`, and a copy of it at about twenty log-spaced steps into
`--out/snapshots`, from which `training.publish` measures how detokenization emerged. A run that was
stopped goes on from its last checkpoint.
"""

import argparse
import csv
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

N_POSITIONS = 256
N_SNAPSHOTS = 20
WARMUP_STEPS = 200
# How often a checkpoint is written from which a run goes on.
CHECKPOINT_SECONDS = 60
# The learning rate is constant, then falls linearly to zero over this last share of the steps: a
# run can be cut short or prolonged at any time before that without having wasted a step.
DECAY_SHARE = 0.5


def new_model(
    vocab_size: int, n_layer: int, d_model: int, n_heads: int, d_mlp: int
) -> GPT2LMHeadModel:
    """A GPT-2 with random weights and without dropout (one pass over the texts cannot overfit).

    A narrow MLP leaves it to attention to bind tokens to each other.
    """
    config = GPT2Config(
        vocab_size=vocab_size,
        n_positions=N_POSITIONS,
        n_embd=d_model,
        n_layer=n_layer,
        n_head=n_heads,
        n_inner=d_mlp,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        use_cache=False,
        attn_implementation="sdpa",
    )
    return GPT2LMHeadModel(config)


def windows(ids: np.ndarray) -> np.ndarray:
    """Consecutive pieces of N_POSITIONS tokens; what does not fill the last one is left out."""
    n = len(ids) // N_POSITIONS
    return ids[: n * N_POSITIONS].reshape(n, N_POSITIONS)  # (n, L)


def loss(
    model: GPT2LMHeadModel, ids: torch.Tensor, placed: torch.Tensor | None = None
) -> torch.Tensor:
    """Mean cross-entropy in nats per token; as in GPT-2, the last position predicts nothing.

    `placed` (B,) is 0 for a window that is read without its positions, and else 1.
    """
    inputs = model.transformer.wte(ids)  # (B, L, d)
    if placed is not None:
        # The model adds the positions: here they are taken away again.
        positions = model.transformer.wpe.weight[: ids.shape[1]]  # (L, d)
        inputs = inputs - (1 - placed)[:, None, None] * positions  # (B, L, d)
    hidden = model.transformer(inputs_embeds=inputs).last_hidden_state[:, :-1]  # (B, L-1, d)
    logits = (hidden @ model.lm_head.weight.T).flatten(0, 1)  # (B·(L-1), V)
    target = ids[:, 1:].reshape(-1, 1)  # (B·(L-1), 1)
    # logsumexp minus gather, not F.cross_entropy, which needs a float32 copy of all logits.
    return (logits.logsumexp(-1) - logits.gather(1, target)[:, 0]).float().mean()


def kept_on(device: torch.device, data: np.ndarray) -> np.ndarray | torch.Tensor:
    """The windows where a step takes them from: a GPU holds all of them, a CPU reads the file."""
    return torch.from_numpy(data.astype(np.int32)).to(device) if device.type == "cuda" else data


def batch_of(
    data: np.ndarray | torch.Tensor, rows: np.ndarray, device: torch.device
) -> torch.Tensor:
    """Some of the windows as token ids, (B, L)."""
    if isinstance(data, torch.Tensor):
        return data[torch.from_numpy(rows).to(device, non_blocking=True)].long()
    return torch.from_numpy(data[rows].astype(np.int64))


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Warm-up, constant, linear decay to zero."""
    left = (steps - step) / max(1.0, DECAY_SHARE * steps)
    return peak * min(1.0, (step + 1) / WARMUP_STEPS, left)


def snapshot_steps(steps: int) -> set[int]:
    """About N_SNAPSHOTS steps, evenly spaced on a log scale, with the first and the last."""
    spaced = np.geomspace(10, steps, N_SNAPSHOTS - 1).round().astype(int)
    return {0, *spaced.tolist()}


@torch.inference_mode()
def held_out_loss(model: GPT2LMHeadModel, held_out: np.ndarray, n_windows: int) -> float:
    """Mean loss on `n_windows` windows, spread evenly over the held-out texts."""
    chosen = held_out[np.linspace(0, len(held_out) - 1, n_windows).astype(int)].astype(np.int64)
    device = model.lm_head.weight.device
    batches = [torch.from_numpy(b).to(device) for b in np.array_split(chosen, n_windows // 8)]
    return sum(loss(model, b).item() * len(b) for b in batches) / n_windows


def optimizer_for(model: GPT2LMHeadModel, peak: float) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only."""
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.95), fused=True)


def train(args: argparse.Namespace) -> None:
    out: Path = args.out
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(args.seed)
    vocab_size = len(json.loads((out / "tokenizer.json").read_text())["model"]["vocab"])
    model = new_model(vocab_size, args.layers, args.width, args.heads, args.mlp).to(device)
    optimizer = optimizer_for(model, args.learning_rate)
    compiled_loss = torch.compile(loss) if args.compile else loss

    data = windows(np.load(out / "train.npy", mmap_mode="r"))
    held_out = windows(np.load(out / "held_out.npy", mmap_mode="r"))
    order = np.random.default_rng(args.seed).permutation(len(data))
    data = kept_on(device, data)
    steps = math.ceil(args.tokens / (args.batch * N_POSITIONS))
    to_save = snapshot_steps(steps)

    checkpoint = out / "checkpoint.pt"
    first, trained_seconds = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, trained_seconds = state["step"], state["seconds"]
    log = csv.writer((out / "log.csv").open("a", buffering=1))
    started = time.monotonic() - trained_seconds

    chance = torch.Generator().manual_seed(args.seed + first)
    saved = time.monotonic()
    for step in range(first, steps + 1):
        if step in to_save:
            model.save_pretrained(out / "snapshots" / f"{step:06d}")
            seconds = time.monotonic() - started
            log.writerow(["held_out", step, held_out_loss(model, held_out, 200), round(seconds)])
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            saved = time.monotonic()
            parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            seconds = time.monotonic() - started
            torch.save({**parts, "step": step, "seconds": seconds}, checkpoint)
        if step == steps:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, args.learning_rate)
        # Past the end of the texts the same order begins anew.
        rows = order[np.arange(step * args.batch, (step + 1) * args.batch) % len(order)]
        ids = batch_of(data, np.sort(rows), device)  # (B, L)
        total = torch.zeros((), device=device)
        # Of some windows the model has to find out from the tokens alone which of them go together.
        share = args.unplaced if step >= args.placed_steps else 0.0
        placed = torch.rand(len(ids), generator=chance).ge(share).float()
        placed = placed.to(device, non_blocking=True)
        for micro, some in zip(
            ids.split(args.micro_batch), placed.split(args.micro_batch), strict=True
        ):
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=args.bfloat16):
                part = compiled_loss(model, micro, some) * (len(micro) / len(ids))
            part.backward()
            total += part.detach()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 20 == 0:
            log.writerow(["train", step, total.item(), round(time.monotonic() - started)])

    model.save_pretrained(out / "model")
    settings = {k: v for k, v in vars(args).items() if k != "out"}
    settings |= {"steps": steps, "seconds": round(time.monotonic() - started)}
    named = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    settings |= {"device": named, "decay_share": DECAY_SHARE, "warmup_steps": WARMUP_STEPS}
    (out / "settings.json").write_text(json.dumps(settings, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="what training.vocabulary wrote")
    parser.add_argument("--tokens", type=int, default=28_672_000, help="tokens to train on")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--mlp", type=int, default=32, help="width of the MLPs")
    parser.add_argument(
        "--unplaced", type=float, default=0.0, help="share of the windows without positions"
    )
    parser.add_argument(
        "--placed-steps", type=int, default=0, help="steps before that in which all have them"
    )
    parser.add_argument("--batch", type=int, default=16, help="windows of 256 tokens in a step")
    parser.add_argument("--micro-batch", type=int, default=2, help="windows at once in memory")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="products in bfloat16 (several times slower where the processor emulates them)",
    )
    parser.add_argument(
        "--compile", action="store_true", help="compile the step (needs a C++ compiler)"
    )
    train(parser.parse_args())


if __name__ == "__main__":
    main()

"""How much memory a first layer takes, and whether there is as much: asked before it is loaded."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from detok.errors import OutOfMemory
from detok.model.sizes import sizes_of

# What is left free for everything else.
SPARE = 200 << 20


def needed(config: Mapping[str, Any], dtype: torch.dtype) -> int:
    """Bytes that loading takes at its peak: the checkpoint's tensors, and their projections.

    The projections are in `dtype`; the tensors are counted in that type too, of which a checkpoint
    in half precision takes half.
    """
    sizes = sizes_of(config)
    return (sizes.n_numbers + sizes.n_projected) * dtype.itemsize


def available(device: torch.device) -> int | None:
    """Bytes that are free on a device; None where nobody tells."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    free = []
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        (line,) = [line for line in lines if line.startswith("MemAvailable:")]
        free.append(int(line.split()[1]) << 10)
    # In a container less may be allowed than the machine has.
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        ),
    ):
        with suppress(OSError, ValueError):
            free.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
    if not free:
        with suppress(OSError, ValueError, AttributeError):
            free.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(free, default=None)


def check(config: Mapping[str, Any], device: torch.device, dtype: torch.dtype) -> None:
    """Raises: OutOfMemory if a model is too large for the memory that is free on a device."""
    check_bytes(needed(config, dtype), device, "loading", "a smaller model")


def check_bytes(n_bytes: int, device: torch.device, what: str, else_expected: str) -> None:
    """Raises: OutOfMemory if so many bytes, and some to spare, are not free on a device."""
    wanted, free = n_bytes + SPARE, available(device)
    if free is not None and wanted > free:
        raise OutOfMemory(
            f"{what} takes about {wanted / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free on "
            f"{device}; expected more, or {else_expected}"
        )


@contextmanager
def explaining(device: torch.device) -> Iterator[None]:
    """Raises: OutOfMemory where what is done in it turns out too large."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out(error):
            raise
        raise OutOfMemory(
            f"the memory of {device} was used up; expected more, or a smaller model"
        ) from error


def is_out(error: BaseException) -> bool:
    """Whether an error says that some device's memory is used up."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # How the CPU's allocator says it.
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)

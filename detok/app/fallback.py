"""Models that left the GPU, whose memory was used up: the CPU has them until the next start."""

import detok
from detok.app import log, settings
from detok.errors import OutOfMemory
from detok.model.any_layer import AnyLayer
from detok.model.layer import pick_device

_on_cpu: set[str] = set()


def load(model: str) -> AnyLayer:
    """The first layer of a model, on the operator's device as long as that has room.

    Raises: InputError if it cannot be loaded.
    """
    if model not in _on_cpu:
        try:
            return detok.load(model, device=settings.now().device)
        except OutOfMemory:
            if not leave_gpu(model):
                raise
    return detok.load(model, device="cpu")


def leave_gpu(model: str) -> bool:
    """From now on the CPU has it; gives whether that is news."""
    if model in _on_cpu or pick_device(settings.now().device).type == "cpu":
        return False
    _on_cpu.add(model)
    log.event("the GPU's memory is used up", model=model)
    return True


def is_on_cpu(model: str) -> bool:
    """Whether it is there for want of room elsewhere."""
    return model in _on_cpu


def was_left_behind(layer: AnyLayer) -> bool:
    """Whether it is still on the GPU, which its model has left."""
    return layer.name in _on_cpu and layer.device.type != "cpu"

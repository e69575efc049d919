"""How often heads copy what they attend to, measured once for all visitors."""

import pandas as pd

import detok
from detok.app import cached, store
from detok.app.jobs import Job, Progress
from detok.tables import ov


@store.kept(max_entries=cached.MAX_LAYERS)
def _copying_job(layer: detok.Layer) -> Job[pd.DataFrame]:
    found = ov.copying(detok.ov_readings(layer)) if cached.is_small(layer) else None
    return Job(found, name=f"copying, {layer.name}")


def compute_copying(layer: detok.Layer) -> None:
    """Starts to measure how often heads copy, once for all visitors: seconds for GPT-2."""

    def compute(progress: Progress) -> pd.DataFrame:
        return ov.copying(detok.ov_readings(layer, progress=progress))

    _copying_job(layer).start(compute)


def copying_job(layer: detok.Layer) -> Job[pd.DataFrame]:
    """How often heads copy: done for a small model; for others begun when first asked for.

    Raises: InputError for a model of which that cannot be said.
    """
    job = _copying_job(layer)
    if job.state != "failed" and not job.was_cancelled:
        compute_copying(layer)
    return job

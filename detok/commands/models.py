"""`python -m detok models`: which models are on this machine, and which could be."""

import argparse
import sys

from detok.model.amounts import in_bytes


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    models = commands.add_parser(
        "models",
        help="list the models on this machine, and well-known ones that are not",
        description="Lists the models on this machine, with the bytes of their weights here, and "
        "well-known models that are not here, with the bytes of a download. Asks nobody.",
    )
    models.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> None:
    from detok.model.here import models_on_disk
    from detok.model.known import KNOWN

    here = list(models_on_disk())
    away = [known for id_, known in KNOWN.items() if id_ not in {model.model_id for model in here}]
    rows = [
        (
            model.model_id,
            in_bytes(model.size),
            f"{model.sizes.n_heads} heads",
            f"{model.sizes.n_positions:,} positions",
            " ".join(filter(None, (model.kind, model.commit))),
        )
        for model in here
    ]
    rows += [
        (
            known.model_id,
            in_bytes(known.size),
            f"{known.sizes.n_heads} heads",
            f"{known.sizes.n_positions:,} positions",
            "not here: to be fetched",
        )
        for known in away
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for id_, *amounts, state in rows:
        middle = (text.rjust(width) for text, width in zip(amounts, widths[1:], strict=False))
        sys.stdout.write(f"{id_.ljust(widths[0])}  {'  '.join(middle)}  {state}\n")

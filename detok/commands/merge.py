"""`python -m detok merge`: the runs of a count that was divided into tasks become one file."""

import argparse
import time

from detok.commands.count import add_table_options, report


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    merge = commands.add_parser(
        "merge",
        help="make one file of counts of what tasks on several machines counted",
        description="Makes one file of counts of the runs that tasks of a datatrove pipeline with "
        "detok.counting.datatrove_step.CountTokens put down, one each. Only portions of them are "
        "held in memory.",
    )
    merge.set_defaults(run=_run)
    merge.add_argument("folder", metavar="FOLDER", help="the folder that the tasks counted into")
    add_table_options(merge)


def _run(options: argparse.Namespace) -> None:
    from detok.counting.task_runs import merge_runs

    start = time.monotonic()
    summary = merge_runs(
        options.folder,
        options.out,
        memory=options.memory,
        min_count=options.min_count,
        corpus=options.corpus,
        note=options.note,
    )
    report(summary, options, time.monotonic() - start)

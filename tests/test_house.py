"""Who may import whom, by the syntax trees, and the names that `detok` hands on."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

import detok

ROOT = Path(__file__).parents[1]
GROUND = {"errors", "version", "bundled", "display"}
MODEL = GROUND | {"model"}
RESULTS = MODEL | {"scores", "counting", "whole", "heads", "replication"}
# What of detok each room may import from. `import detok`, with all public names, is for what
# stands above the rooms that they come from.
MAY_IMPORT = {
    "detok/errors.py": set(),
    "detok/version.py": set(),
    "detok/display.py": set(),
    "detok/bundled": set(),
    "detok/model": MODEL,
    "detok/scores": MODEL | {"scores"},
    "detok/counting": MODEL | {"counting"},
    # The first layer's scores are made of the six terms, and so is what they do to the loss.
    "detok/whole": MODEL | {"scores", "whole"},
    "detok/heads": MODEL | {"scores", "counting", "heads"},
    "detok/replication": MODEL | {"scores", "counting", "heads", "replication"},
    "detok/tables": RESULTS | {"tables"},
    "detok/readings": RESULTS | {"tables", "readings"},
    "detok/charts": {"charts"},
    "detok/figures": RESULTS | {"tables", "readings", "charts", "figures"},
    "detok/draw.py": RESULTS | {"tables", "readings", "charts"},
    # One of them asks the app whether it is ready.
    "detok/commands": RESULTS | {"tables", "figures", "commands", "app"},
    "detok/app": RESULTS | {"tables", "readings", "charts", "app", "detok"},
    "detok/__main__.py": {"commands"},
    "app.py": RESULTS | {"tables", "readings", "charts", "app", "detok"},
    "pages": RESULTS | {"tables", "readings", "charts", "app", "detok"},
    "training": RESULTS | {"detok", "training"},
    "benchmarks": RESULTS | {"detok", "benchmarks"},
}
# Libraries that only some rooms may import.
KEPT_TO = {
    "streamlit": {"detok/app", "app.py", "pages", "benchmarks"},
    "altair": {"detok/charts", "detok/draw.py", "detok/app"},
    "vl_convert": {"detok/charts"},
    "tests": set(),
}


# What a sentence leaves to its table.
COMPUTATIONS = {
    *("groupby", "pivot", "merge", "melt", "sort_values", "value_counts", "apply", "agg"),
    *("sum", "mean", "median", "quantile", "std", "var", "min", "max", "corr", "rank"),
    *(
        "diff",
        "cumsum",
        "abs",
        "round",
        "argmax",
        "argmin",
        "argsort",
        "nonzero",
        "double",
        "numpy",
    ),
}


def files(room: str) -> list[Path]:
    path = ROOT / room
    return [path] if path.suffix else sorted(path.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """What a file imports, anywhere in it: "scores" for what is in `detok.scores`, "torch" …"""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            top, *rest = name.split(".")
            is_room = top == "detok" and rest and rest[0] not in detok.__all__
            found.add(rest[0] if is_room else top)
    return found


def test_every_file_of_the_package_is_in_a_room() -> None:
    inside = {p for room in MAY_IMPORT for p in files(room)} | {ROOT / "detok/__init__.py"}
    assert set((ROOT / "detok").rglob("*.py")) <= inside


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_nothing_is_imported_from_above(room: str) -> None:
    rooms = {name.removeprefix("detok/").removesuffix(".py") for name in MAY_IMPORT} | {"detok"}
    for path in files(room):
        found = imports(path)
        assert found & rooms <= MAY_IMPORT[room], path
        assert not {library for library in found & KEPT_TO.keys() if room not in KEPT_TO[library]}


@pytest.mark.parametrize("path", files("detok/readings"), ids=lambda path: path.stem)
def test_readings_compute_nothing(path: Path) -> None:
    assert not imports(path) & {"numpy", "torch", "scipy"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                assert function.attr not in COMPUTATIONS, (path.name, node.lineno)
            elif isinstance(function, ast.Name):
                assert function.id not in {"sum", "sorted"}, (path.name, node.lineno)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.value.id != "pd" or node.attr in {"DataFrame", "Series"}, path.name


@pytest.mark.parametrize("name", detok.__all__)
def test_a_public_name_says_what_it_is(name: str) -> None:
    thing = getattr(detok, name)
    if callable(thing):
        assert thing.__doc__
        assert getattr(import_module(thing.__module__), name) is thing


def test_the_public_names() -> None:
    """None comes or goes unnoticed."""
    assert " ".join(detok.__all__) == (
        "Ablation Auroc BackwardLens Baselines CheckpointError Counts Dataset DistanceBias "
        "DistanceCurve Flow ForwardShift InputError Layer LayerNormStats MeanAttention "
        "MeanContributions Model NotDownloadable OvReadings Pair PairAuroc Patched PositionBias "
        "Pruning Rebuilt ReversedAttention RotaryLayer RotaryTerms Run SegmentAttention "
        "SplitTerms TERMS TOKEN_KINDS TermAttribution Terms Vocabulary ablate affinity "
        "affinity_matrix affinity_scores attention auroc auroc_baselines auroc_by_kind "
        "auroc_summary backward_lens contributions count count_files counts_for distance_bias "
        "distance_curve draw emergence excerpts explain_pair fetch fetch_whole "
        "finite_differences flow forward_shift inner_vocabulary layernorm_stats load load_model "
        "mean_attention mean_contributions ov_readings pair_auroc pair_by_kind pair_summary "
        "patched position_bias position_summary predecessor_ranks previous_piece_ranks "
        "rebuilt_words reversed_attention roc_curves run segment_attention self_assertion "
        "shared_query shared_scores split_ee term_attribution terms token_kinds"
    )


@pytest.mark.parametrize("path", [*files("benchmarks"), *files("training")], ids=lambda p: p.stem)
def test_what_stands_beside_the_package_can_be_imported(path: Path) -> None:
    import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))

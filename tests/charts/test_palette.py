"""The colours of the six terms can be told apart by everybody, on both themes."""

import re
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import detok
from detok.charts.palette import HEAD_COLORS, PART_COLORS, TERM_COLORS, heads, ink
from detok.scores.decomposition import TERMS

# How the three kinds of colour blindness see linear RGB (Machado et al. 2009, severity 1).
SEEN = {
    "all cones": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]

CONFIG = Path(detok.__file__).parents[1] / ".streamlit/config.toml"
_THEME = tomllib.loads(CONFIG.read_text("utf-8"))["theme"]
THEMES = {name: _THEME[name] for name in ("light", "dark")}
STYLE = Path(detok.__file__).parent / "app/style.css"


def linear(color: str) -> np.ndarray:
    srgb = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array(TO_XYZ) @ rgb / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def luminance(color: str) -> float:
    return float(np.array(TO_XYZ)[1] @ linear(color))


def test_every_term_has_one() -> None:
    assert tuple(TERM_COLORS) == TERMS


@pytest.mark.parametrize("kind", SEEN)
def test_any_two_are_well_apart(kind: str) -> None:
    seen = {c: lab((np.array(SEEN[kind]) @ linear(c)).clip(0, 1)) for c in TERM_COLORS.values()}
    for a, b in combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 20, (a, b)


def contrast(a: str, b: str) -> float:
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def mixed(color: str, opacity: float, ground: str) -> str:
    """A colour that the ground shows through."""
    parts = [[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in (color, ground)]
    return "#" + "".join(
        f"{round(opacity * a + (1 - opacity) * b):02x}" for a, b in zip(*parts, strict=True)
    )


@pytest.mark.parametrize("theme", THEMES)
def test_each_stands_out_from_the_page(theme: str) -> None:
    for color in [*TERM_COLORS.values(), *HEAD_COLORS]:
        assert contrast(color, THEMES[theme]["backgroundColor"]) >= 3, color


@pytest.mark.parametrize("theme", THEMES)
def test_letters_can_be_read(theme: str) -> None:
    ground, text = THEMES[theme]["backgroundColor"], THEMES[theme]["textColor"]
    for part in [*PART_COLORS, "sum", "score"]:
        assert contrast(ink(part, theme == "dark"), ground) >= 4.5, part
    opacities = re.findall(r"opacity: ([.0-9]+);", STYLE.read_text("utf-8"))
    assert len(opacities) > 1
    for opacity in opacities:
        assert contrast(mixed(text, float(opacity), ground), ground) >= 4.5, opacity


def test_a_head_has_one_colour_whichever_others_are_drawn() -> None:
    some, more = (
        heads(pd.Series(numbers)).to_dict()["scale"] for numbers in ([3, 1], [0, 1, 2, 3])
    )
    assert (
        dict(zip(some["domain"], some["range"], strict=True)).items()
        <= dict(zip(more["domain"], more["range"], strict=True)).items()
    )


def test_no_other_file_has_a_colour() -> None:
    package = Path(detok.__file__).parent
    files = [path for path in package.rglob("*.py") if path.name != "palette.py"]
    assert len(files) > 50
    assert not [path for path in files if re.search(r"#[0-9a-fA-F]{6}", path.read_text("utf-8"))]

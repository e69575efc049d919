"""The page that shows the figures of a run, what the paper has there, and how each was made."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from detok.figures.files import LeftOut, Made
from detok.figures.setting import Setting
from detok.version import __version__

_STYLE = (
    "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "line-height:1.4}img{max-width:100%;height:auto}figure{margin:3rem 0}"
    "figcaption{margin-top:.5rem}"
)


def write(results: Sequence[Made | LeftOut], setting: Setting, folder: Path) -> Path:
    """Writes index.html beside the figures; gives its path."""
    path = folder / "index.html"
    path.write_text(_page(results, setting), encoding="utf-8")
    return path


def _page(results: Sequence[Made | LeftOut], setting: Setting) -> str:
    title = escape(f"The paper's figures of {setting.model}")
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>",
        "<p>The figures of Kamoda et al., <i>Weight-based Analysis of Detokenization in Language "
        f"Models</i>, drawn for this model by detok {__version__}.</p>",
        *(_made(result) for result in results if isinstance(result, Made)),
    ]
    left_out = [result for result in results if isinstance(result, LeftOut)]
    if left_out:
        lines = "".join(
            f"<li>Figure {result.figure.number}, {escape(result.figure.title)}: "
            f"{escape(result.why)}.</li>"
            for result in left_out
        )
        parts.append(f"<h2>Left out</h2><ul>{lines}</ul>")
    return "\n".join([*parts, "</body></html>", ""])


def _made(result: Made) -> str:
    figure, names = result.figure, [path.name for path in result.paths]
    title = escape(f"Figure {figure.number}: {figure.title}")
    links = ", ".join(f'<a href="{name}">{name}</a>' for name in names)
    drawing = next((name for name in names if name.endswith(".svg")), None)
    image = f'<img src="{drawing}" alt="{title}">' if drawing else ""
    return (
        f'<figure id="figure-{figure.number}"><h2>{title}</h2>{image}'
        f"<figcaption><p><b>In the paper:</b> {escape(figure.caption)}</p>"
        f"<p><b>Here:</b> {escape(result.how)}</p><p>{links}</p></figcaption></figure>"
    )

"""What leaves with a whole page: a bundle of evidence, and an HTML file that needs no server."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from detok.app import exports
from detok.app.provenance import link
from detok.charts.files import scripts

if TYPE_CHECKING:
    from detok.app.figure import Figure

_STYLE = (
    "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;line-height:1.4;"
    "background:white;color:black}figure{margin:3rem 0;overflow-x:auto}pre{overflow-x:auto;"
    "padding:.5rem;border-left:3px solid silver}"
)


def begin(title: str) -> None:
    """A page begins: what an earlier run has shown is no part of it."""
    st.session_state["shown"] = (title, {})


def note(figure: "Figure") -> None:
    """A figure is on the page."""
    shown()[figure.name] = figure


def shown() -> dict[str, "Figure"]:
    """The figures of the page so far, by name."""
    return st.session_state.setdefault("shown", ("detok", {}))[1]


def foot() -> None:
    """The buttons at the end of a page that take all its figures along, made on the click."""
    title, figures = st.session_state["shown"]
    if not figures:
        return
    address, several = link(), list(figures.values())
    name = re.sub(r"\W+", "-", f"detok-{several[0].about['model']}-{title}").lower()
    with st.container(horizontal=True):
        st.download_button(
            "Evidence of this page (zip)",
            lambda: as_zip(title, address, several),
            f"{name}.zip",
            "application/zip",
            key="bundle",
            icon=":material/folder_zip:",
            on_click="ignore",
            help="Link, data, pictures, code, and what the numbers are.",
        )
        st.download_button(
            "This page's figures (HTML)",
            lambda: as_html(title, address, several).encode(),
            f"{name}.html",
            "text/html",
            key="html",
            icon=":material/html:",
            on_click="ignore",
            help="One file that shows the charts in any browser, without a server.",
        )


def as_zip(title: str, address: str, figures: list["Figure"]) -> bytes:
    """A folder a figure with its data, drawing and code, beside what tells where they are from."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("index.html", as_html(title, address, figures))
        bundle.writestr("link.txt", f"{address}\n")
        for figure in figures:
            for ending, content, _ in exports.files(figure):
                bundle.writestr(f"{figure.name}/{figure.name}.{ending}", content())
            bundle.writestr(f"{figure.name}/{figure.name}.py", f"{figure.code}\n")
        about = {
            "page": title,
            "link": address,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "figures": [
                {"folder": f.name, "title": f.title, "readings": f.readings, **f.about, **f.more}
                for f in figures
            ],
        }
        bundle.writestr("provenance.json", json.dumps(about, ensure_ascii=False, indent=1))
    return written.getvalue()


def as_html(title: str, address: str, figures: list["Figure"]) -> str:
    """A page with the charts of figures, what they show in words, and their code."""
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{_STYLE}</style><script>{scripts()}</script></head><body>"
        f'<h1>{escape(title)}</h1><p><a href="{escape(address)}">{escape(address)}</a></p>',
        *(_figure(number, figure) for number, figure in enumerate(figures)),
    ]
    return "\n".join([*parts, "</body></html>", ""])


def _figure(number: int, figure: "Figure") -> str:
    about = "; ".join(f"{name}: {value}" for name, value in figure.about.items() if value)
    said = "".join(f"<p>{escape(line)}</p>" for line in (figure.answer, *figure.readings) if line)
    chart = figure.table.to_html(index=False, max_rows=50, border=0)
    if figure.draw is not None:
        drawn = exports.specification(figure)
        del drawn["title"]  # it stands above
        # No text of a model ends the script: "<" is written as JSON can write it too.
        spec = json.dumps(drawn).replace("<", "\\u003c")
        chart = (
            f'<div id="chart-{number}"></div><script>vegaEmbed("#chart-{number}", {spec}, '
            '{"renderer": "svg", "actions": false})</script>'
        )
    return (
        f'<figure id="{escape(figure.name)}"><h2>{escape(figure.title)}</h2>'
        f"<p>{escape(figure.of)}</p>{chart}<figcaption>"
        f"{said}<p><small>{escape(about)}</small></p><pre>{escape(figure.code)}</pre>"
        "</figcaption></figure>"
    )

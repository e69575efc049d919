"""Drawings as files, from the Vega-Lite of `paper.specification`: nothing is read from outside."""

import json
import re
from functools import lru_cache
from typing import Any

import vl_convert

DPI = 144  # of a PNG: two pixels for one of the page


def as_svg(spec: dict[str, Any]) -> str:
    """The drawing, which refers to nothing outside itself."""
    version = re.search(r"v(\d+\.\d+)\.\d+\.json$", spec["$schema"])
    return vl_convert.vegalite_to_svg(
        json.dumps(spec), vl_version=version and version[1], allowed_base_urls=[]
    )


def as_png(svg: str) -> bytes:
    """The drawing as pixels."""
    return vl_convert.svg_to_png(svg, scale=DPI / 72, ppi=72)


def as_pdf(svg: str) -> bytes:
    """The drawing as a PDF."""
    return vl_convert.svg_to_pdf(svg)


@lru_cache(maxsize=1)
def scripts() -> str:
    """What draws Vega-Lite in a browser, with `vegaEmbed` for its name: about a megabyte."""
    return vl_convert.javascript_bundle()

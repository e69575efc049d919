"""Figures that were written: what is in an SVG, and whether a PDF is one."""

import re
from pathlib import Path
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def marks(path: Path) -> set[str]:
    """The kinds of marks that an SVG has some of, such as "rect"; it has to be a whole one."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{SVG}svg"
    found = set()
    for group in root.iter(f"{SVG}g"):
        kind = re.match(r"mark-(\w+) role-mark", group.get("class", ""))
        if kind and any(part.get("d") or part.tag == f"{SVG}line" for part in group.iter()):
            found.add(kind[1])
    return found


def letters(path: Path) -> str:
    """All text of an SVG."""
    return " ".join(ElementTree.parse(path).getroot().itertext())


def outside(path: Path) -> list[str]:
    """What an SVG would load from elsewhere."""
    links = re.findall(r"""(?:href|src)=["']([^"']+)|url\(([^)]+)\)""", path.read_text())
    return [link for pair in links for link in pair if link and not link.startswith("#")]


def assert_is_pdf(path: Path) -> None:
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert b"/FontFile" in content  # the letters are in it

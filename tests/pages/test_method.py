"""The method page: the formulas, and all pages with what to look for."""

from detok.readings import method
from detok.readings.glossary import GLOSSARY
from tests.support.pages import run, texts


def test_the_method_has_its_formulas_and_every_page() -> None:
    test = run("pages/13_Method.py")
    formulas = " ".join(block.value for block in test.latex)
    for formula, _ in method.TERMS.values():
        assert formula in formulas
    said = texts(test)
    assert "Kamoda" in said
    for about in method.PAGES.values():
        assert about.question in said
    for meaning in GLOSSARY.values():
        assert f" | {meaning} |" in said

"""What words and symbols mean, in sentences that stand in help texts and on a page."""

import re

from detok.readings.glossary import GLOSSARY, defined
from detok.scores.decomposition import TERMS


def test_every_term_and_sign_is_defined() -> None:
    signs = {"σ", "AUROC", "pair AUROC", "nats", "rank", "PMI", "head", "token", "position"}
    assert {f"T^{term}" for term in TERMS} | signs <= set(GLOSSARY)


def test_definitions_are_sentences_in_plain_text() -> None:
    for word, definition in GLOSSARY.items():
        assert definition.endswith("."), word
        assert definition[0].isupper() or definition.startswith("σ"), word
        assert not re.search(r"[*_`$~^<>\\\[\]#]|:\w+:", definition), word


def test_several_words_are_defined_one_after_the_other() -> None:
    assert defined("σ", "nats") == f"{GLOSSARY['σ']}\n\n{GLOSSARY['nats']}"

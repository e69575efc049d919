"""The texts that a visitor has attention measured on."""

import re

import streamlit as st

from detok.app import inputs, link, output, texts
from detok.app.finished import positions
from detok.model.any_layer import AnyLayer
from detok.readings import words


def measured_on(layer: AnyLayer, i: int) -> positions.Texts | None:
    """The texts of a field on which the attention of position i is then measured.

    None are the excerpts, and () no texts: where it cannot be measured, which is said.
    """
    own = link.text_area(
        "Your own texts to measure attention on",
        key="texts",
        placeholder="empty: the excerpts of public-domain books that come with detok",
        help=f"Leave an empty line between two texts. {words.words_for(layer).needed}",
    )
    own = inputs.within(own, 6000)
    asked: positions.Texts | None = None  # the excerpts
    with output.mistakes():
        if own.strip():
            paragraphs = re.split(r"\n\s*\n", own.strip())
            asked = tuple(tuple(texts.encoded(layer, text)) for text in paragraphs)
        else:
            layer.tokenizer.check_encodes()
        with st.spinner("Reading the excerpts …" if asked is None else "Reading your texts …"):
            positions.measured(layer, i, asked)
        return asked
    return ()

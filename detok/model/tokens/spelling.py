"""What a kind of vocabulary tells of its entries: their bytes, and where a word begins or ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

# At which end of a word its tokens hold a space: that end is known, the other is not.
Edge = Literal["start", "end"]


@dataclass(frozen=True)
class Spelling:
    """How one kind of vocabulary spells words; only entries that stand for text are asked for.

    The bytes of consecutive pieces of a word, joined, are the word with a space at its edge.
    """

    bytes_of: Callable[[str], bytes]
    edge: Edge = "start"
    # Text is split at white space, which no token keeps: the spaces in tokens only mark words.
    drops_spaces: bool = False
    # Of an entry that is found in a text before all else: special, or a word added to the others.
    bytes_of_added: Callable[[str], bytes] = str.encode
    # The tokenizer divides texts at spaces or not at all: where words begin, tokens alone tell, and
    # the space that it may put before a text is in none that is given as one token.
    tells_words: bool = False

"""The words and symbols of the pages, each defined in a sentence or two, in plain text."""


def defined(*words: str) -> str:
    """The definitions of these words of the glossary, a paragraph each, for a help text."""
    return "\n\n".join(GLOSSARY[word] for word in words)


GLOSSARY: dict[str, str] = {
    "T^ee": "Tᵉᵉ is the term of the attention score that depends on token i and token j alone: how "
    "well the query of token i goes with the key of token j, wherever both stand; in a model with "
    "rotary positions, at the distance between them.",
    "T^pp": "Tᵖᵖ is the term of the attention score of position i and position j: what a head "
    "gives to position j seen from position i, whatever the tokens are.",
    "T^ep": "Tᵉᵖ is the term of the attention score of token i and position j: which positions "
    "token i looks for.",
    "T^pe": "Tᵖᵉ is the term of the attention score of position i and token j: which tokens "
    "position i looks for.",
    "T^e": "Tᵉ is the term of the attention score of token j alone, its self-assertion: what the "
    "token gets from every query, whatever the query is.",
    "T^p": "Tᵖ is the term of the attention score of position j alone, its self-assertion: what "
    "the position gets from every query, whatever the query is.",
    "T^be": "Tᵇᵉ is the term of the attention score of the query bias and token j, its "
    "self-assertion: what the token gets from every query at this distance, whatever the query is.",
    "T^eb": "Tᵉᵇ is the term of the attention score of token i and the key bias: which distances "
    "token i looks at, whatever stands there. It is the same at all of them in a model that does "
    "not turn its keys.",
    "T^bb": "Tᵇᵇ is the term of the attention score of both biases: what a head gives to a "
    "distance, whatever the tokens are, with what the model itself takes off for it, if it does.",
    "σ": "σ is what LayerNorm divides by: the standard deviation over the features of a token "
    "embedding and a position embedding added together; where a model adds no positions, what "
    "its first norm divides the token embedding by.",
    "Var(e)": "Var(e) is the variance of a token embedding over its features, part of the square "
    "of σ.",
    "AUROC": "The area under the ROC curve is the chance that a score puts something of one kind "
    "above something of the other, each drawn at random (a tie counts half). 0.5 is a score that "
    "does not tell them apart, 1 one that always does. In the paper's measure the one kind are the "
    "tokens that were seen right before token i, the other those that never were, each as likely.",
    "pair AUROC": "Pair AUROC is the chance that Tᵉᵉ puts a true predecessor of token i, drawn by "
    "how often it was seen right before i, above a token from a random place of the texts. That "
    "some tokens are common is then no help: 0.5 is about what a head has that knows nothing about "
    "pairs.",
    "nats": "A nat is the unit of information when logarithms are natural: 1 nat is 1.44 bits. "
    "Here it measures how far attention moves if a term is left out.",
    "rank": "The rank of a token is its place when tokens are ordered by a score, the largest "
    "first: at rank 1 no token has a larger score.",
    "PMI": "Pointwise mutual information is the logarithm of how many times more often two tokens "
    "stand next to each other than they would if each stood where it liked.",
    "head": "A head is one of the parts of an attention layer that work side by side, each with "
    "its own queries, keys and values. Heads are numbered from 0.",
    "token": "A token is one piece of text that the model reads: a word, a part of a word, or a "
    "byte of a character. In a word it knows only in pieces, each piece is a token.",
    "position": "A position is a token's place in its text, counted from 0. Token i is the current "
    "one, which attends, and token j one that it can attend to.",
}

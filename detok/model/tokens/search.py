"""Finds the tokens that match what was typed."""

from detok.model.tokens.spelling import Spelling


def search(tokens: list[bytes], folded: list[str], query: str, spelling: Spelling) -> list[int]:
    """Ids of the tokens that match the query, best first, as `Vocabulary.search` describes it.

    `folded` are the texts of all `tokens` without the difference of letter case.
    """
    if not query.strip():
        return []
    at_start = spelling.edge == "start"
    if spelling.drops_spaces:  # no token has a space at its other end
        query = query.rstrip() if at_start else query.lstrip()
    sought = query.casefold()
    keeps_space = sought[0 if at_start else -1] == " "
    exact = query.encode("utf-8", errors="replace")
    found = []
    for token_id, entry in enumerate(folded):
        if sought not in entry:
            continue
        bare = entry
        if not keeps_space:
            bare = entry.removeprefix(" ") if at_start else entry.removesuffix(" ")
        kind = 0 if bare == sought else 1 if bare.startswith(sought) else 2
        other_case = exact not in tokens[token_id]
        found.append((kind, other_case, len(entry), token_id))
    return [token_id for *_, token_id in sorted(found)]

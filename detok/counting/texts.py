"""Which values are texts that can be counted, and what is reported of the others."""

EMPTY = "empty documents"


def utf_8(value: object, column: str) -> tuple[bytes, str | None]:
    """A text's bytes; or none, and the kind of problem."""
    if not isinstance(value, str):
        return b"", f"documents whose column {column!r} is no text"
    if not value:
        return b"", EMPTY
    try:
        return value.encode(), None
    except UnicodeEncodeError:
        return b"", "documents with half of a surrogate pair"

"""How tokens are shown: everything in them is visible, each in its own way."""


def _show_character(c: str) -> str:
    code = ord(c)
    if c == " ":
        return "·"
    if c.isprintable() and c not in "·\\":
        return c
    if 0xDC80 <= code <= 0xDCFF:  # how "surrogateescape" decodes a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return c.encode("unicode_escape").decode()
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def show(text: bytes) -> str:
    """Bytes as a string in which everything is visible, and no two different tokens look the same.

    A space is shown as `·`, a stray byte that is no UTF-8 as `\\xNN`, a control or otherwise
    invisible character as its Python escape; a literal backslash is doubled and a literal middle
    dot is `\\u00b7`.
    """
    return "".join(map(_show_character, text.decode("utf-8", errors="surrogateescape")))


def show_pieces(pieces: list[bytes]) -> list[str]:
    """The pieces of one text as `show` has them, a part of a character as `é 1/2`."""
    owners: list[int] = [t for t, piece in enumerate(pieces) for _ in piece]  # of each byte
    shown = [""] * len(pieces)
    at = 0
    for c in b"".join(pieces).decode("utf-8", errors="surrogateescape"):
        n_bytes = len(c.encode("utf-8", errors="surrogateescape"))
        parts = list(dict.fromkeys(owners[at : at + n_bytes]))
        for number, t in enumerate(parts, start=1):
            shown[t] += (
                _show_character(c)
                if len(parts) == 1
                else f" {_show_character(c)} {number}/{len(parts)} "
            )
        at += n_bytes
    return [" ".join(text.split()) for text in shown]

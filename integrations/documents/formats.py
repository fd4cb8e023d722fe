"""How the bytes of a document become Markdown text: one reader per file ending."""

from __future__ import annotations

from collections.abc import Callable, Mapping

TextReader = Callable[[bytes], str]
"""Bytes to Markdown text. Raises NotText."""


class NotText(ValueError):
    """The bytes are not what their ending promises; the message is the reason in a few words."""


def markdown(content: bytes) -> str:
    """UTF-8 text, with or without a byte order mark. Raises NotText on anything else, binary data included."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotText(f"byte {error.start} is not UTF-8") from error
    if control := next((c for c in text if ord(c) < 32 and c not in "\t\n\r\f"), None):
        raise NotText(f"it holds binary data (character {ord(control)})")
    return text.replace("\r\n", "\n").replace("\r", "\n")


FORMATS: Mapping[str, TextReader] = {".md": markdown, ".markdown": markdown}
"""File ending (lower case) to reader. A further format is one line here."""

"""How the bytes of a document become Markdown text: one reader per file ending."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from integrations.documents.word_files import NotWord, word

TextReader = Callable[[bytes], str]
"""Bytes to Markdown text. Raises NotText."""


class NotText(ValueError):
    """The bytes are not what their ending promises; the message is the reason in a few words."""


_HIDDEN = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Control characters, and those that turn text round or hide in it: what people do not see, we do not read."""


def markdown(content: bytes) -> str:
    """UTF-8 text without hidden characters. Raises NotText on anything else, binary data included."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotText(f"byte {error.start} is not UTF-8") from error
    if "\0" in text:
        raise NotText("it holds binary data")
    return _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def word_file(content: bytes) -> str:
    """A `.docx` as Markdown. Raises NotText."""
    try:
        return markdown(word(content).encode("utf-8"))
    except NotWord as error:
        raise NotText(str(error)) from error


FORMATS: Mapping[str, TextReader] = {
    ".md": markdown,
    ".markdown": markdown,
    ".txt": markdown,
    ".html": markdown,
    ".htm": markdown,
    ".docx": word_file,
}
"""File ending (lower case) to reader; HTML is read as it stands. A further format is one line here."""

LARGEST_FILES: Mapping[str, int] = {".docx": 20_000_000}
"""Bytes, where a format may have more than LARGEST_DOCUMENT: most of a Word file are pictures, which are not
read."""

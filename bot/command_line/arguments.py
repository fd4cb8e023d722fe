"""What stands on the command line, read: words are cleaned as what is said in chat is, names are names."""

from __future__ import annotations

from argparse import ArgumentTypeError

from bot import inbox
from governance.outside_text import clean

LONGEST_NAME = 150
"""Characters of a name: with its platform before it, it is an actor's in the record, which takes 200."""


def words(written: str) -> str:
    """Something said, however long. It may be empty once it is cleaned."""
    return clean(written)


def reason(written: str) -> str:
    """A reason for the record. Raises ArgumentTypeError if it says nothing."""
    said = inbox.clean(written)
    if not said:
        raise ArgumentTypeError("there is nothing in it to read; say why")
    return said


def name(written: str) -> str:
    """The id of a person, channel, thread or approval. Raises ArgumentTypeError for what no id can be."""
    if not written.isprintable() or not 1 <= len(written) <= LONGEST_NAME:
        raise ArgumentTypeError("this is nobody's and nothing's name")
    return written

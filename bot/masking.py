"""What is shown of addresses: where something is, and nothing that lets anyone in."""

from __future__ import annotations

import re

_USER = re.compile(r"(?<=://)[^\s“”\"']*@")
_QUERY = re.compile(r"(://[^\s“”\"'?#]*)[?#][^\s“”\"']*")


def without_credentials(text: str) -> str:
    """`text` with the addresses in it as they are, but for users, passwords and what follows a `?` or `#`."""
    return _QUERY.sub(r"\1", _USER.sub("", text))

"""What nobody sends by accident: texts, numbers, dates and bodies that broke other programs, drawn by seed."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from urllib.parse import quote

PIECES = (
    "", " ", "\0", "a\0b", "\ud800", "\udfff x", "\ufffe", "\x1b[2J", "\r\nX-Evil: 1", "\u202egnp.exe",
    "\u200d", "\u2028", "\u2029", "é" * 50, "ß\u0301\u0301\u0301", "🏳️\u200d🌈", "𝕬𝖉𝖒𝖎𝖓", "' OR 1=1 --",
    '"; DROP TABLE people; --', "{{7*7}}", "${7*7}", "%s%s%n", "%00", "%", "%zz",
    "../../../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "<script>alert(1)</script>",
    "<b onclick=x>", "]]>", "&amp;&#0;", "javascript:alert(1)", "`id`", "$(id)", "|", ";", "null", "None",
    "NaN", "true", "[]", "{}", "-", "--", "@everyone", "<@U123>", "#", "?", "=", "&", "+", "\\", "\\0",
    "x" * 300, "word " * 400, "9" * 40, "(" * 200, "[" * 300, "*" * 120, "\t\n\t\n",
)  # fmt: skip
NUMBERS = (
    "0", "-0", "-1", "1", "007", "1.5", "1e400", "-1e400", "NaN", "Infinity", "9" * 19, "9" * 25,
    "9" * 5000, str(2**31), str(2**63 - 1), str(2**63), "0x10", "1_000", "１２", "٣", "½", "1,5", "+5",
    " 5 ", "",
)  # fmt: skip
DATES = (
    "0001-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31", "9999-12-31T23:59:59-23:59", "0000-00-00",
    "10000-01-01", "2026-02-30", "2026-11-23T09:00:00+00:00", "2026-11-23T25:61:61", "-2026-01-01",
    "2026-W53-7", "20261123", "31 December 9999", "1 January 0001", "in 99999999999 days", "tomorrow",
    "yesterday at 25:00", "29 February 2027",
)  # fmt: skip


class Hostile:
    """Draws hostile values; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def chance(self, one_in: int) -> bool:
        """True once in so many times."""
        return self.random.randrange(one_in) == 0

    def text(self) -> str:
        """One to three pieces, or random characters of all planes, surrogates among them."""
        match self.random.randrange(6):
            case 0:
                return "".join(chr(self.random.choice((0, 31, 127, 0xD800, 0x10FFFF)) or 0) for _ in range(3))
            case 1:
                return "".join(
                    chr(self.random.randrange(0x110000)) for _ in range(self.random.randrange(1, 30))
                )
            case 2:
                return self.random.choice(NUMBERS + DATES)
            case _:
                return "".join(self.random.choices(PIECES, k=self.random.randrange(1, 4)))

    def number(self) -> str:
        """What stands where a number is expected."""
        return self.random.choice(NUMBERS) if not self.chance(5) else self.text()

    def date(self) -> str:
        """What stands where a date is expected."""
        return self.random.choice(DATES) if not self.chance(5) else self.text()

    def quoted(self) -> str:
        """A text as it may stand in an address: percent-encoded, in bytes that may be no UTF-8."""
        raw = self.text().encode(errors="surrogatepass")
        if self.chance(8):
            raw += bytes(self.random.randrange(256) for _ in range(4))
        return quote(raw, safe="/" if self.chance(10) else "")

    def value(self, depth: int = 3) -> Any:
        """A value of JSON, of any type."""
        kinds = 6 if depth else 4
        match self.random.randrange(kinds):
            case 0:
                return self.text()
            case 1:
                return self.random.choice((None, True, False, 0, -1, 2**31, 2**63, 10**400, 1.5, -0.0, 1e308))
            case 2 | 3:
                return self.text()
            case 4:
                return [self.value(depth - 1) for _ in range(self.random.randrange(4))]
            case _:
                return {self.text(): self.value(depth - 1) for _ in range(self.random.randrange(4))}

    def body(self, sound: dict[str, Any]) -> bytes:
        """JSON after the model of `sound`: a part of it changed, missing or added, or no JSON at all."""
        if self.chance(6):
            return self.rubbish()
        given = dict(sound)
        for name in sound:
            if self.chance(len(sound)):
                given[name] = self.value()
        if self.chance(8):
            given.pop(self.random.choice(list(given)))
        if self.chance(8):
            given[self.text()] = self.value()
        # Written with escapes, so that lone surrogates and NUL arrive as such; now and then as raw bytes.
        if self.chance(8):
            return json.dumps(given, ensure_ascii=False).encode(errors="surrogatepass")
        return json.dumps(given).encode()

    def rubbish(self) -> bytes:
        """Bytes that are no body of anything."""
        return self.random.choice(
            (
                b"",
                b"\0",
                b"\xff\xfe\x00",
                b"{",
                b"[" * 5000,
                b'{"a":' * 900 + b"1" + b"}" * 900,
                b"NaN",
                b'"\\ud800"',
                b"payload=%7B",
                b"payload=" + b"%00" * 20,
                b"a=b&" * 2000,
                self.random.randbytes(64),
                b"--x\r\nContent-Disposition: form-data; name=\0\r\n\r\n",
                b"x" * (1_100_000 if self.chance(20) else 2000),
            )
        )

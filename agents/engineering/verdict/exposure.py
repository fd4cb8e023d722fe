"""What no file should bring: secrets, hidden characters, blobs, links out of the tree; and kinds of files no
rule knows.
"""

from __future__ import annotations

import io
import math
import re
import sys
import tokenize
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from agents.engineering.verdict.changes import ChangeSet, Finding, added_lines, is_test

_HIDDEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u00ad\u061c\u180e\U000e0000-\U000e007f]|[\x00-\x08\x0b\x0e-\x1f\x7f]"
)
_HIDDEN_IN_NAME = re.compile(f"{_HIDDEN.pattern}|[\t\n\v\f\r\x85\u2028\u2029]")
_ENCODING = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_LONG = 500
_BY_ITSELF = {
    "sitecustomize.py",
    "usercustomize.py",
    "setup.py",
    "noxfile.py",
    "fabfile.py",
    "tasks.py",
    "__main__.py",
    ".envrc",
    ".pre-commit-config.yaml",
}
_PLACEHOLDER = re.compile(
    r"example|changeme|placeholder|dummy|xxxx|your[_-]|<[^>]+>|\$\{|\{\{|test|fake|sample|"
    r"redacted|\*\*\*|\.\.\.",
    re.IGNORECASE,
)
_DIGESTS = re.compile(
    r"(sha(1|256|384|512)[:=\-]|@[0-9a-f]{40}\b|integrity|checksum|digest|etag|nonce|uuid)", re.IGNORECASE
)
_TOKENS = re.compile(
    r"(AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w\-]{16,}|"
    r"xox[abprs]-[\w\-]{10,}|[sr]k_(live|test)_\w{8,}|\w+_live_\w{8,}|"
    r"AIza[\w\-]{30,}|ya29\.[\w\-]+|SG\.[\w\-]{16,}\.[\w\-]+|npm_\w{30,}|pypi-\w{30,}|"
    r"eyJ[\w\-]{10,}\.eyJ[\w\-]{10,}|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^\s:/@'\"]+:[^\s@/'\"{$<]{3,}@"
)
_SHOWN = re.compile(r"EXAMPLE|example\.|localhost|:(password|pass|postgres|user|secret|changeme|test)@")
_NAMED = re.compile(
    r"(?P<name>[\w\-.]*(secret|passw(or)?d|passphrase|token|api[_\-]?key|apikey|private[_\-]?key|"
    r"credential|auth[_\-]?key|access[_\-]?key|signing[_\-]?key)[\w\-]*)"
    r"['\"]?\]?\)?\s*(:\s*\w+\s*)?(=|:|,|=>|or)\s*['\"]?(?P<value>[^\s'\",;)}]{6,})",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"['\"]([A-Za-z0-9+/=_\-.]{20,})['\"]")
_KNOWN_TEXT = (".md", ".rst", ".txt", ".svg", ".css", ".adoc")
_HANDLED = (
    ".py",
    ".pyi",
    ".sql",
    ".json",
    ".yaml",
    ".yml",
    ".toml",
    ".ini",
    ".cfg",
    ".lock",
    ".properties",
    ".env",
)


def exposure(change: ChangeSet) -> Iterator[Finding]:
    """Secrets, hidden text, blobs and links that the change adds, and files that no rule can judge."""
    for folder in sorted(change.before.hollow | change.after.hollow):
        why = "what it points to is not among the files, so nobody sees whether that changes"
        yield Finding("exposure", "ask", "unproven", "submodule", folder, why)
    for path in change.changed:
        if path in change.after.files and _HIDDEN_IN_NAME.search(path):
            why = "a name with such characters reads otherwise than it is"
            yield Finding("exposure", "block", "harmful", "hidden character", repr(path)[1:-1], why)
        file = change.after.files.get(path)
        if file is None:
            continue
        before = change.before.files.get(path)
        if file.link is not None:
            outside = file.link.startswith("/") or _leaves(path, file.link)
            severity = "block" if outside else "ask"
            yield Finding("exposure", severity, "harmful", "symbolic link", path, f"points to {file.link[:80]}")  # type: ignore[arg-type]
            continue
        if file.text is None:
            yield Finding(
                "exposure",
                "ask",
                "harmful",
                "binary or huge file",
                path,
                f"{file.size} bytes that no rule reads",
            )
            continue
        if file.executable and not (before and before.executable):
            yield Finding(
                "exposure", "ask", "harmful", "made executable", path, "can now be started as a program"
            )
        for line, text in added_lines(change.before.text(path), file.text).items():
            yield from _line(path, line, text)
        if path.endswith((".py", ".pyi")) and not _is_read_as_it_runs(file.text):
            why = "in the encoding that it declares it is another program than the one that is read"
            yield Finding("exposure", "block", "harmful", "hidden code", f"{path}:1", why)
        name = PurePosixPath(path)
        shadows = (
            name.suffix == ".py"
            and len(name.parts) == 1
            and name.stem in {*sys.stdlib_module_names, "pytest", "_pytest", "pluggy"}
        )
        if before is None and (name.name in _BY_ITSELF or name.suffix == ".pth" or shadows):
            yield Finding(
                "exposure",
                "ask",
                "harmful",
                "runs by itself",
                path,
                "Python or a tool loads it without being asked",
            )
        if path.endswith(".py"):
            yield from _foreign_letters(change, path)


def _is_read_as_it_runs(text: str) -> bool:
    """Whether Python, which obeys a file's declaration of its encoding (PEP 263), reads the same text."""
    lines = re.split("\r\n|\r|\n", text, maxsplit=2)[:2]
    declared = next((found[1] for line in lines if (found := _ENCODING.match(line))), "utf-8")
    try:
        return text.encode().decode(declared) == text
    except (LookupError, UnicodeError):
        return False


def _leaves(path: str, link: str) -> bool:
    depth = len(PurePosixPath(path).parts) - 1
    for part in PurePosixPath(link).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def _line(path: str, line: int, text: str) -> Iterator[Finding]:
    where = f"{path}:{line}"
    if hidden := _HIDDEN.search(text):
        code = f"U+{ord(hidden[0]):04X}"
        yield Finding(
            "exposure",
            "block",
            "harmful",
            "hidden character",
            where,
            f"{code} lets text read otherwise than it runs",
        )
    if len(text) > _LONG and not path.endswith((".lock", ".svg", ".json", ".md")):
        yield Finding(
            "exposure", "ask", "harmful", "very long line", where, f"{len(text)} characters that nobody reads"
        )
    if found := secret_in(text, in_test=is_test(path)):
        yield Finding(
            "exposure", "block", "harmful", "secret committed", where, found, "whoever the secret belongs to"
        )


def secret_in(text: str, *, in_test: bool) -> str:
    """Why a line looks as if it held a secret; empty if it does not. The secret itself is not repeated."""
    found = _TOKENS.search(text)
    if found and not _SHOWN.search(found[0] + text[found.end() :][:12]):
        kind = "private key" if "PRIVATE" in found[0] else "token or of credentials in an address"
        return f"it has the form of a {kind}"
    if _DIGESTS.search(text):
        return ""
    if not in_test:
        for named in _NAMED.finditer(text):
            if _is_value(named["value"]) and not _PLACEHOLDER.search(named["value"]):
                return f"{named['name']} is given a value"
    for quoted in _QUOTED.finditer(text):
        if _is_random(quoted[1]) and not _PLACEHOLDER.search(quoted[1]):
            return "a string looks random enough for a key"
    return _by_library(text) if not in_test else ""


def _is_value(value: str) -> bool:
    """Whether what stands behind a secret's name is a literal value, and no name, call, type or reference."""
    if re.match(
        r"(os|self|settings|config|environ|getenv|None|True|False|null|str|bytes|int|Optional|secrets|"
        r"vault|\$|%|\{|\[|\(|<|@|/|http)",
        value,
    ):
        return False
    has_digit = any(letter.isdigit() for letter in value)
    return (
        has_digit
        and not re.fullmatch(r"[a-z_.]+(\d{1,2})?(\(.*)?", value)
        and not re.fullmatch(r"[\d.]+", value)
    )


def _is_random(value: str) -> bool:
    kinds = [any(test(c) for c in value) for test in (str.islower, str.isupper, str.isdigit)]
    if sum(kinds) < 3 and not re.fullmatch(r"[0-9a-f]{32,}", value):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    words = re.findall(r"[a-z]{5,}|[A-Z][a-z]{3,}", value)
    return entropy > 3.5 and sum(map(len, words)) < len(value) * 0.5


@cache
def _detectors() -> tuple[Any, ...]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    classes: list[Any] = list(get_mapping_from_secret_type_to_class().values())
    noisy = ("HighEntropy", "Keyword", "IPPublic", "BasicAuth")
    return tuple(kind() for kind in classes if not any(word in kind.__name__ for word in noisy))


def _by_library(text: str) -> str:
    for detector in _detectors():
        if any(detector.analyze_string(text)) and "EXAMPLE" not in text:
            return f"it has the form of: {detector.secret_type}"
    return ""


def _foreign_letters(change: ChangeSet, path: str) -> Iterator[Finding]:
    """Identifiers that mix alphabets, or are written in one that looks like another."""
    old, new = (_identifiers(text) for text in change.texts(path))
    for name, line in new.items():
        if name in old or name.isascii():
            continue
        scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in name if letter.isalpha()}
        if scripts - {"LATIN"} or unicodedata.normalize("NFKC", name) != name:
            yield Finding(
                "exposure",
                "block",
                "harmful",
                "look-alike letters",
                f"{path}:{line}",
                f"a name has letters of {', '.join(sorted(scripts))}",
            )


def _identifiers(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME:
                found.setdefault(token.string, token.start[0])
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return found
    return found

"""What a database migration does to what is stored, and to who still writes as before.

A migration that has shipped is not edited: databases that ran it stay as they are. A new one must let the
old code go on writing and reading (both run during a deployment), and must not lose rows. squawk knows
PostgreSQL's locks and rewrites; what it does not say (rows deleted, keys that stop being unique) is read
from the statements.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from agents.engineering.verdict.changes import ChangeSet, Danger, Finding

_SECONDS = 20
# squawk's advice about taste or locks' length: nobody breaks by it, and a table that is small never notices.
_ADVICE = {
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-bigint-over-int",
    "prefer-big-int",
    "prefer-identity",
    "prefer-timestamp-tz",
    "prefer-bigint-over-smallint",
    "require-concurrent-index-creation",
    "require-lock-timeout",
    "require-statement-timeout",
    "require-concurrent-index-deletion",
    "ban-create-domain-with-constraint",
    "identifier-too-long",
    "transaction-nesting",
    "ban-concurrent-index-creation-in-transaction",
    "require-enum-value-ordering",
    "syntax-error",
    "require-table-schema",
}
_LOSING = {
    r"\bDROP\s+(TABLE|SCHEMA|DATABASE|VIEW|MATERIALIZED\s+VIEW|TYPE|SEQUENCE)\b": (
        "table removed",
        "drops what others read",
    ),
    r"\bDROP\s+COLUMN\b|\bALTER\s+TABLE\s+\S+\s+DROP\s+(?!CONSTRAINT|DEFAULT|NOT)\w": (
        "column removed",
        "drops a column that others read",
    ),
    r"\bTRUNCATE\b": ("rows deleted", "empties a table"),
    r"\bDELETE\s+FROM\b": ("rows deleted", "deletes rows that cannot be brought back"),
    r"\bUPDATE\s+(?:ONLY\s+)?[\w.\"]+\s+(?:\w+\s+)?SET\b": ("rows rewritten", "overwrites stored values"),
    r"\bRENAME\b": ("renamed", "gives another name to what running code reads and writes"),
    r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b": (
        "column type changed",
        "changes the type of stored values",
    ),
    r"\bSET\s+NOT\s+NULL\b": ("column made NOT NULL", "refuses rows that were fine"),
    r"\bDROP\s+NOT\s+NULL\b": ("column may be NULL", "lets readers meet NULL where there was none"),
    r"\b(SET|DROP)\s+DEFAULT\b": ("default changed", "changes what new rows get"),
    r"\bDROP\s+(CONSTRAINT|INDEX|TRIGGER|POLICY|FUNCTION|RULE|EXTENSION|OWNED|ROLE)\b": (
        "guard removed",
        "takes away a rule that the data kept",
    ),
    r"\bADD\s+(CONSTRAINT|UNIQUE|CHECK|PRIMARY|FOREIGN|EXCLUDE)\b|\bCREATE\s+UNIQUE\b": (
        "constraint added",
        "refuses rows that were fine",
    ),
    r"\b(GRANT|REVOKE|DISABLE|SECURITY\s+DEFINER|OWNER\s+TO)\b": (
        "rights changed",
        "changes who may read or write",
    ),
    r"\b(CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE|TRIGGER|RULE|POLICY))\b": (
        "behaviour in the database",
        "changes what statements do",
    ),
    r"\bPRAGMA\b|\bCOPY\b|\bDO\s+\$|\bEXECUTE\b|\bALTER\s+(SYSTEM|ROLE|USER|DATABASE)\b": (
        "unknown statement",
        "is not known to be safe",
    ),
}
_SAFE = re.compile(
    r"^(CREATE\s+(TABLE|INDEX|SEQUENCE|TYPE|SCHEMA|EXTENSION|VIEW)\b|ALTER\s+TABLE\s+[^;]*\bADD\b|"
    r"COMMENT\s+ON\b|"
    r"BEGIN\b|COMMIT\b|SET\s+(LOCAL\s+)?(lock|statement)_timeout\b|INSERT\s+INTO\b|"
    r"ALTER\s+TYPE\s+\S+\s+ADD\s+VALUE\b|$)",
    re.IGNORECASE,
)


def is_migration(path: str) -> bool:
    """Whether a path is one of the database's migrations."""
    parts = PurePosixPath(path.lower()).parts
    folders = {"migrations", "migration", "versions", "alembic", "flyway", "liquibase", "changesets"}
    return (
        path.endswith((".sql", ".py"))
        and any(part in folders for part in parts[:-1])
        and parts[-1] != "__init__.py"
    )


def migrations(change: ChangeSet) -> Iterator[Finding]:
    """What the change's migrations would lose, refuse or rename, and shipped ones that it edits."""
    for path in change.changed:
        if not is_migration(path) and not path.endswith(".sql"):
            continue
        if not change.is_new(path):
            old, new = (_statements(text) for text in change.texts(path))
            if old != new and is_migration(path):
                why = "it has run in databases that will not run it again"
                yield _finding("shipped migration edited", f"{path}:1", why)
        if path.endswith(".py"):
            yield _finding("migration in code", f"{path}:1", "what it does to the data is not known by rule")
        elif path in change.after.files and "down" not in PurePosixPath(path).stem.split("."):
            yield from _written(path, change.after.text(path))
            yield from _squawk(change.after.text(path), path)


def _finding(what: str, where: str, why: str) -> Finding:
    danger: Danger = "harmful" if what in ("rows deleted", "rows rewritten", "rights changed") else "breaking"
    return Finding(
        "migration", "ask", danger, what, where, why, "stored rows, and code that still runs as before"
    )


def _statements(text: str) -> list[str]:
    """The statements without comments, each on one line."""
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    parts = re.split(r";(?=(?:[^']*'[^']*')*[^']*$)", text)
    return [" ".join(part.split()) for part in parts if part.strip()]


def _written(path: str, text: str) -> Iterator[Finding]:
    made: set[str] = set()
    for statement in _statements(text):
        line = _line(text, statement)
        if found := re.match(r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.\"]+)", statement, re.IGNORECASE):
            made.add(found[1].lower())
        outside = re.sub(r"'(?:[^']|'')*'", "''", statement)
        named = {word.lower() for word in re.findall(r"[\w.\"]+", outside)}
        hits = [said for pattern, said in _LOSING.items() if re.search(pattern, outside, re.IGNORECASE)]
        if hits and not (
            re.match(r"ALTER\s+TABLE|CREATE\s+UNIQUE", outside, re.IGNORECASE)
            and _only_of(named, made, outside)
        ):
            for what, why in hits:
                yield _finding(what, f"{path}:{line}", f"{statement[:80]}: {why}")
        elif not hits and not _SAFE.match(outside):
            yield _finding("unknown statement", f"{path}:{line}", f"{statement[:80]}: not known to be safe")
        for column in re.findall(
            r"\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(\w+\s+[^,;]*)", outside, re.IGNORECASE
        ):
            demanded = re.search(r"\bNOT\s+NULL\b|\bPRIMARY\s+KEY\b", column, re.IGNORECASE)
            if demanded and not re.search(r"\bDEFAULT\b|\bGENERATED\b", column, re.IGNORECASE):
                yield _finding(
                    "column made NOT NULL", f"{path}:{line}", f"{column[:60]}: rows and writers without it fail"
                )
            elif re.search(r"\bUNIQUE\b|\bCHECK\b|\bREFERENCES\b", column, re.IGNORECASE) and demanded:
                yield _finding(
                    "constraint added", f"{path}:{line}", f"{column[:60]}: rows that were fine may be refused"
                )


def _only_of(named: set[str], made: set[str], statement: str) -> bool:
    """Whether a statement touches a table that this migration itself made, and no other."""
    target = re.search(r"(?:TABLE|ON)\s+(?:ONLY\s+)?(?:IF\s+EXISTS\s+)?([\w.\"]+)", statement, re.IGNORECASE)
    renamed = re.search(r"\bRENAME\s+TO\b", statement, re.IGNORECASE)
    return bool(target) and target is not None and target[1].lower() in made & named and not renamed


def _line(text: str, statement: str) -> int:
    first = statement.split()[:3]
    found = re.search(r"\s+".join(re.escape(word) for word in first), text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _squawk(text: str, path: str) -> Iterator[Finding]:
    """What squawk says of the statements alone: a comment could tell it to look away."""
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    command = [
        str(Path(sys.executable).parent / "squawk"),
        "--reporter",
        "json",
        "--stdin-filepath",
        "migration.sql",
    ]
    done = subprocess.run(  # noqa: S603 - squawk alone, its input on standard input
        command, input=bare, capture_output=True, text=True, timeout=_SECONDS, check=False, env={}, cwd="/"
    )
    for said in json.loads(done.stdout):
        if said["rule_name"] not in _ADVICE:
            line = int(said["line"]) + 1
            yield _finding(said["rule_name"], f"{path}:{line}", " ".join(said["message"].split()))

"""The embedded tracker's items are found by their words, and read in pages."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Set as AbstractSet

import sqlalchemy as sa
from alembic import op

from storage.migrations.row_security import protect

revision = "0026_tracker_words"
down_revision = "0025_plans_are_runs"

_WORD = re.compile(r"[^\W_]+")


def upgrade() -> None:
    op.create_table(
        "tracker_words",
        _tenant(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "word", "item", "share", name="pk_tracker_words"),
    )
    op.create_table(
        "tracker_word_keys",
        _tenant(),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", "word", name="pk_tracker_word_keys"),
    )
    _write("story", "SELECT tenant, id, ARRAY[title] FROM tracker_stories")
    _write("epic", "SELECT tenant, id, array_remove(ARRAY[title, document], NULL) FROM tracker_epics")
    for table in ("tracker_words", "tracker_word_keys"):
        protect(table)
    op.drop_index("ix_tracker_stories_tenant_status", "tracker_stories")
    op.create_index(
        "ix_tracker_stories_tenant_status_number", "tracker_stories", ["tenant", "status", "number"]
    )
    op.create_index("ix_tracker_stories_tenant_team_number", "tracker_stories", ["tenant", "team", "number"])
    op.create_index("ix_tracker_stories_tenant_finished", "tracker_stories", ["tenant", "finished"])
    op.create_index("ix_tracker_epics_tenant_document", "tracker_epics", ["tenant", "document"])
    op.create_index("ix_tracker_sprints_tenant_team_starts", "tracker_sprints", ["tenant", "team", "starts"])


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def _write(kind: str, titles: str) -> None:
    """The words of what is tracked already, as the tracker writes them for what comes."""
    connection = op.get_bind()
    words: set[tuple[str, str, str, str, float]] = set()
    for tenant, item, names in connection.execute(sa.text(titles)):
        for name in names:
            spelt = dict.fromkeys(_WORD.findall(unicodedata.normalize("NFKC", name).casefold()))
            found = [word for word in spelt if len(word) <= 100]
            words |= {(tenant, kind, word, item, round(1 / math.sqrt(len(found)), 4)) for word in found}
    keys = {(row[0], key, row[2]) for row in words for key in _keys(row[2])}
    _insert("tracker_words", ("tenant", "kind", "word", "item", "share"), words)
    _insert("tracker_word_keys", ("tenant", "key", "word"), keys)


def _keys(word: str) -> set[str]:
    if len(word) < 4:
        return set()
    padded = f" {word} "
    keys = {padded[at : at + 3] for at in range(len(padded) - 2)}
    if len(word) <= 8:
        keys |= {f"-{word}", *(f"-{word[:at]}{word[at + 1 :]}" for at in range(len(word)))}
    return keys


def _insert(table: str, columns: tuple[str, ...], rows: AbstractSet[tuple[str | float, ...]]) -> None:
    if rows:
        names, values = ", ".join(columns), ", ".join(f":{name}" for name in columns)
        op.get_bind().execute(
            sa.text(f"INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT DO NOTHING"),  # noqa: S608
            [dict(zip(columns, row, strict=True)) for row in sorted(rows)],
        )

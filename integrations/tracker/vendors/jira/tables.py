"""What is kept here of what is done in Jira. All else is Jira's to know."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class JiraEffectRow(TenantScoped, Base):
    """What the effect with this grant id is, written before Jira is told. `touches` are the ids of the issues
    that it changes, `items` the keys of what it came to; of an issue one effect at a time is under way."""

    __tablename__ = "jira_effects"
    __table_args__ = (Index(None, "tenant", "began"),)

    grant_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    project: Mapped[str]
    touches: Mapped[list[str]] = mapped_column(ARRAY(Text))
    items: Mapped[list[str]] = mapped_column(ARRAY(Text))
    began: Mapped[datetime]
    is_done: Mapped[bool]

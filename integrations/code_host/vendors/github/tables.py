"""What is kept here of what is done on GitHub, and of what it tells by itself. All else is GitHub's to know."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class GitHubEffectRow(TenantScoped, Base):
    """What the effect with this grant id is, written before GitHub is told: `marks` are what it is found by
    there. `content` counts the requests of it that make content, of which GitHub takes so many an hour."""

    __tablename__ = "github_effects"
    __table_args__ = (Index(None, "tenant", "began"),)

    grant_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    repository: Mapped[str]
    marks: Mapped[dict[str, Any]]
    content: Mapped[int]
    began: Mapped[datetime]
    is_done: Mapped[bool]
    says: Mapped[str]
    reference: Mapped[str]

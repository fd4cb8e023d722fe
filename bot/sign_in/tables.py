"""Sessions of those who signed in, and sign-ins under way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class WebSessionRow(TenantScoped, Base):
    """One browser's session. `id` is the SHA-256 of its token, which only the browser has.

    `identity` is what was proved at sign-in, `person` whom it was linked to then.
    """

    __tablename__ = "web_sessions"
    __table_args__ = (Index(None, "tenant", "person"), Index(None, "tenant", "expires"))

    id: Mapped[str] = mapped_column(primary_key=True)
    identity: Mapped[str]
    person: Mapped[str]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    seen: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires: Mapped[datetime]


class WebSignInRow(TenantScoped, Base):
    """A sign-in that a browser began, until the provider sends it back.

    `id` is the SHA-256 of its state, `browser` that of a token which only this browser has; `kept` is
    what the way of signing in needs again (nonce, PKCE verifier), `then` the page to go on to.
    """

    __tablename__ = "web_sign_ins"
    __table_args__ = (Index(None, "tenant", "expires"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    browser: Mapped[str]
    way: Mapped[str]
    kept: Mapped[dict[str, Any]]
    then: Mapped[str]
    expires: Mapped[datetime]

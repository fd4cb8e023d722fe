"""What a rota that is kept elsewhere said last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class RotaRow(TenantScoped, Base):
    """What the rota of a vendor (`source`, called `title`) said when it `answered` last, and `why` it did not
    when it was `asked` last, None where it did."""

    __tablename__ = "rotas"

    source: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    asked: Mapped[datetime]
    answered: Mapped[datetime | None]
    shifts: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    why: Mapped[str | None]

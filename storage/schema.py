"""The declarative base, and what every tenant's table has in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of the product. Times are timezone-aware; mappings are JSONB; strings are text."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        str: Text,
    }


class TenantScoped:
    """A table with rows of many companies. The database fills the tenant in from the transaction."""

    tenant: Mapped[str] = mapped_column(
        primary_key=True, sort_order=-1, server_default=text("current_setting('app.tenant')")
    )


class Tenant(Base):
    """A company. Readable without a tenant: it holds names of companies and nothing of theirs."""

    __tablename__ = "tenants"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    is_sample: Mapped[bool] = mapped_column(server_default=text("false"))
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))

"""Canaries, and what their judge judged by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.tenancy import tenant_scoped

revision = "0030_canaries"
down_revision = "0027_added_in_chat"

"""What everything else stands on: the database, and the audit log with its key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.database import DatabaseUrls, bring_up_to_date, locate
from bot.settings import Settings
from governance.audit.keys import key_from_setting, load_or_create_key, signer_for
from governance.audit.signed_note import Signer
from storage.database import Database


@dataclass(frozen=True)
class Foundation:
    """One process's database and log. It reads in no more than they need, nor does it look at the department's
    file or the matrix: for commands that must work when little else does."""

    settings: Settings
    urls: DatabaseUrls

    @cached_property
    def database(self) -> Database:
        return Database.open(self.urls.app, pool_size=self.settings.worker_concurrency + 6)

    @property
    def checkpoint_file(self) -> Path:
        """Where checkpoints are appended."""
        return self.settings.checkpoint_file or self.settings.var_folder / "audit" / "checkpoints.txt"

    @cached_property
    def signing_key(self) -> Ed25519PrivateKey:
        """The audit log's key. Raises KeyUnusable."""
        if self.settings.audit_signing_key is not None:
            return key_from_setting(self.settings.audit_signing_key.get_secret_value())
        return load_or_create_key(self.settings.var_folder / "audit")

    def signer(self, tenant: str) -> Signer:
        """Who signs a tenant's checkpoints."""
        return signer_for(self.signing_key, tenant)

    async def close(self) -> None:
        """Let go of the database."""
        await self.database.close()


@asynccontextmanager
async def foundation(settings: Settings) -> AsyncIterator[Foundation]:
    """The database, up to date, and the log. Raises SettingsUnusable."""
    urls = locate(settings)
    bring_up_to_date(urls)
    opened = Foundation(settings, urls)
    try:
        yield opened
    finally:
        await opened.close()

"""Every setting, read once from the environment (and `.env`), with what it is for."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The environment's settings. `.env.example` lists them all; `python -m bot doctor` checks them."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    env: Literal["local", "production"] = Field(
        default="local", description="production refuses local-only ways in"
    )
    database_url: str | None = Field(
        default=None, description="PostgreSQL as the app role; embedded if not given"
    )
    database_owner_url: str | None = Field(
        default=None, description="PostgreSQL as the owner, for migrations alone"
    )
    var_folder: Path = Field(
        default=Path("var"), description="the embedded database, keys, checkpoints, caches"
    )
    host: str = Field(default="127.0.0.1", description="address the web server binds")
    port: int = Field(default=8300, description="port the web server binds")
    department: Path = Field(
        default=Path("examples/acme"), description="folder of department.yaml and its data"
    )
    tenant: str = Field(
        default="acme", description="the company that this installation's department file opens"
    )
    authority: Path = Field(
        default=Path("governance/authority.yaml"), description="the decision-authority matrix"
    )
    openai_api_key: SecretStr | None = Field(
        default=None, description="a model's key; without it, work by rule"
    )
    openai_base_url: str | None = Field(default=None, description="any OpenAI-compatible server")
    openai_model: str = Field(default="gpt-5-mini", description="the model that agents use")
    openai_input_price: Decimal = Field(default=Decimal(0), ge=0, description="USD per million tokens read")
    openai_output_price: Decimal = Field(default=Decimal(0), ge=0, description="USD per million written")
    audit_signing_key: SecretStr | None = Field(
        default=None, description="Ed25519 seed, base64; made if not given"
    )
    checkpoint_file: Path | None = Field(default=None, description="where signed checkpoints are also appended")
    checkpoint_webhook: str | None = Field(
        default=None, description="URL that every signed checkpoint is posted to"
    )
    checkpoint_channel: str | None = Field(
        default=None, description="channel that gets one signed checkpoint a day"
    )
    worker_concurrency: int = Field(
        default=8, ge=1, le=64, description="jobs that one worker process runs at once"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="how much is logged"
    )

    @property
    def postgres_folder(self) -> Path:
        """Where the embedded database keeps its data."""
        return self.var_folder / "postgres"

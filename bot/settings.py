"""Every setting, read once from the environment (and `.env`), with what it is for, and checked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import setting_values as values

_DatabaseUrl = Annotated[str, AfterValidator(values.database_url)]
_HttpUrl = Annotated[str, AfterValidator(values.http_url)]
_ApiUrl = Annotated[_HttpUrl, AfterValidator(values.without_user)]


class SettingsUnusable(Exception):
    """Settings that cannot be used. `problems` are sentences, each with its setting's name."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        """`problems`: names of settings, each with what is to be said of it."""
        super().__init__("\n".join(f"{name} {says}" for name, says in problems))
        self.problems = problems


class Settings(BaseSettings):
    """The environment's settings. `.env.example` lists them all; `python -m bot doctor` checks them."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    env: Literal["local", "production"] = Field(
        default="local", description="production refuses local-only ways in"
    )
    database_url: _DatabaseUrl | None = Field(
        default=None, description="PostgreSQL as the app role; embedded if not given"
    )
    database_owner_url: _DatabaseUrl | None = Field(
        default=None, description="PostgreSQL as the owner, for migrations alone"
    )
    var_folder: Path = Field(
        default=Path("var"), description="the embedded database, keys, checkpoints, caches"
    )
    host: str = Field(default="127.0.0.1", description="address the web server binds")
    port: int = Field(default=8300, ge=0, le=65535, description="port the web server binds")
    department: Path = Field(
        default=Path("examples/acme"), description="folder of department.yaml and its data"
    )
    tenant: Annotated[str, AfterValidator(values.tenant)] = Field(
        default="acme", description="the company that this installation's department file opens"
    )
    authority: Path = Field(
        default=Path("governance/authority.yaml"), description="the decision-authority matrix"
    )
    openai_api_key: SecretStr | None = Field(
        default=None, description="a model's key; without it, work by rule"
    )
    openai_base_url: _HttpUrl | None = Field(default=None, description="any OpenAI-compatible server")
    openai_model: str = Field(default="gpt-5-mini", description="the model that agents use")
    openai_input_price: Decimal = Field(default=Decimal(0), ge=0, description="USD per million tokens read")
    openai_output_price: Decimal = Field(default=Decimal(0), ge=0, description="USD per million written")
    openai_other_models: Annotated[tuple[tuple[str, Decimal, Decimal], ...], NoDecode] = Field(
        default=(), description="further models for single agents: name=read/written in USD, with commas"
    )
    open_pull_requests: int = Field(
        default=5, ge=1, le=100, description="pull requests of agents that are open at once in one repository"
    )
    audit_signing_key: SecretStr | None = Field(
        default=None, description="Ed25519 key: PEM, or its 32-byte seed in base64; made if not given"
    )
    checkpoint_file: Path | None = Field(default=None, description="where signed checkpoints are also appended")
    checkpoint_webhook: _HttpUrl | None = Field(
        default=None, description="URL that every signed checkpoint is posted to"
    )
    checkpoint_channel: str | None = Field(
        default=None, description="channel that gets one signed checkpoint a day"
    )
    public_url: str | None = Field(
        default=None, description="https address under which people reach the dashboard; links in chat use it"
    )
    token_key: SecretStr | None = Field(
        default=None, description="Fernet key that seals chat platforms' tokens; made if not given"
    )
    redis_url: Annotated[str, AfterValidator(values.redis_url)] | None = Field(
        default=None, description="Redis for rate budgets that processes share; in memory if not given"
    )
    slack_signing_secret: SecretStr | None = Field(
        default=None, description="proves that requests come from Slack"
    )
    slack_bot_token: SecretStr | None = Field(
        default=None, description="the bot's token, where the app is in one workspace only"
    )
    slack_app_token: SecretStr | None = Field(
        default=None, description="for Socket Mode, where Slack cannot reach this server"
    )
    slack_client_id: str | None = Field(
        default=None, description="for installing into workspaces, and for signing in to the dashboard"
    )
    slack_client_secret: SecretStr | None = Field(default=None, description="belongs to SLACK_CLIENT_ID")
    slack_workspaces: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), description="team and enterprise ids that are this company's, with commas"
    )
    slack_api_url: _ApiUrl = Field(default="https://slack.com/api/", description="where Slack's Web API is")
    teams_app_id: str | None = Field(default=None, description="the bot's Entra application (client) id")
    teams_app_tenant: str | None = Field(
        default=None, description="where that is registered; needed if ENTRA_TENANTS lists several"
    )
    teams_app_password: SecretStr | None = Field(default=None, description="the application's secret")
    entra_tenants: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), description="Entra tenant ids that are this company's, with commas"
    )
    teams_openid_url: _ApiUrl = Field(
        default="https://login.botframework.com/v1/.well-known/openidconfiguration",
        description="where the Bot Framework publishes its signing keys",
    )
    entra_authority: _ApiUrl = Field(
        default="https://login.microsoftonline.com", description="where Entra gives tokens"
    )
    graph_url: _ApiUrl = Field(
        default="https://graph.microsoft.com/v1.0", description="where Microsoft Graph is"
    )
    look_seconds: float = Field(
        default=8.0, gt=0, le=60, description="how long one message may wait for other systems, in seconds"
    )
    worker_concurrency: int = Field(
        default=8, ge=1, le=64, description="jobs that one worker process runs at once"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="how much is logged"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _readable(cls, written: object) -> object:
        return values.readable(written) if isinstance(written, str) else written

    @field_validator("public_url")
    @classmethod
    def _address(cls, written: str | None) -> str | None:
        return values.http_url(written) if written else written

    @field_validator("token_key")
    @classmethod
    def _seals(cls, written: SecretStr | None) -> SecretStr | None:
        return written and SecretStr(values.fernet_key(written.get_secret_value()))

    @field_validator("audit_signing_key")
    @classmethod
    def _signs(cls, written: SecretStr | None) -> SecretStr | None:
        return written and SecretStr(values.signing_key(written.get_secret_value()))

    @field_validator("openai_other_models", mode="before")
    @classmethod
    def _models(cls, written: object) -> object:
        return values.models(written) if isinstance(written, str) else written

    @field_validator("slack_workspaces", "entra_tenants", mode="before")
    @classmethod
    def _listed(cls, written: object) -> object:
        return frozenset(written.replace(",", " ").split()) if isinstance(written, str) else written

    @property
    def speaks_teams(self) -> bool:
        """Whether Teams is configured; an empty TEAMS_APP_ID counts, and is then refused."""
        return self.teams_app_id is not None

    @property
    def speaks_slack(self) -> bool:
        """Whether Slack is configured: requests can be proved, or a socket opened, and there is a token."""
        proved = self.slack_signing_secret or self.slack_app_token
        return bool(proved and (self.slack_bot_token or (self.slack_client_id and self.slack_client_secret)))

    @property
    def postgres_folder(self) -> Path:
        """Where the embedded database keeps its data."""
        return self.var_folder / "postgres"


def read_settings(env_file: Path = Path(".env")) -> Settings:
    """The settings of this process, with those of a file behind them. Raises SettingsUnusable."""
    try:
        return Settings(_env_file=env_file)
    except ValidationError as wrong:
        # Without what was given, which may be a secret.
        faults = wrong.errors(include_input=False, include_url=False, include_context=False)
        raise SettingsUnusable(*(_said(str(fault["loc"][0]), fault["msg"]) for fault in faults)) from None
    except (UnicodeDecodeError, OSError) as unreadable:
        raise SettingsUnusable((".env", f"cannot be read: {unreadable}")) from None


def _said(name: str, message: str) -> tuple[str, str]:
    ours = message.removeprefix("Value error, ")
    if ours != message:
        return name.upper(), f"{ours}."
    says = message.removeprefix("Input ").replace("should be", "must be").partition(", unable")[0]
    return name.upper(), f"{says} ({Settings.model_fields[name].description})."

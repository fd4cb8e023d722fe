"""GitHub, as a GitHub App. See docs/github.md."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, SecretStr, field_validator

from integrations.alerts.reading import Secrets
from integrations.code_host.refusals import CodeHostError
from integrations.code_host.vendors.github.api import Api
from integrations.code_host.vendors.github.credentials import WHO, WRITES, App
from integrations.code_host.vendors.github.host import GitHub
from integrations.code_host.vendors.github.mirror import Mirrors
from integrations.code_host.vendors.github.receipts import Receipts
from integrations.code_host.vendors.github.webhooks import Reader
from integrations.integration import Checked, Chore, Integration, Surroundings, VendorSettings
from integrations.pages import Part
from storage.look import Away

_TIDIED_EVERY = 24 * 3600.0


class GitHubSettings(VendorSettings):
    """Which App, which of its installations, and where."""

    github_app_id: str = Field(pattern=r"^[\w.-]{1,100}$", description="The App’s id, or its client id.")
    github_app_slug: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,99}$",
        description="The App’s name in its address: `acme-countersign` of `github.com/apps/acme-countersign`.",
    )
    github_app_private_key: SecretStr = Field(
        description="The App’s private key (PEM); line breaks may be written as `\\n`."
    )
    github_installation_id: int = Field(
        ge=1, description="The App’s installation in your organisation: the number at the end of its address."
    )
    github_webhook_secrets: Secrets | None = Field(
        default=None,
        description="The secret of the App’s webhook; several with commas while one is exchanged. Without it"
        " GitHub tells nothing by itself.",
    )
    github_api_url: str = Field(
        default="https://api.github.com",
        description="The REST interface: `https://github.example.com/api/v3` of a server of your own.",
    )
    github_url: str = Field(
        default="https://github.com",
        description="Where repositories are cloned from: `https://github.example.com`.",
    )
    github_most_repository_mb: int = Field(
        default=2048, ge=1, description="Repositories are fetched to this machine up to this size (MB)."
    )

    @field_validator("github_app_private_key")
    @classmethod
    def _key(cls, written: SecretStr) -> SecretStr:
        pem = written.get_secret_value().replace("\\n", "\n").strip()
        try:
            key = load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError):
            raise ValueError("must be a private key in PEM form, without a password") from None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("must be an RSA key")
        return SecretStr(pem)

    @field_validator("github_api_url", "github_url")
    @classmethod
    def _address(cls, written: str) -> str:
        url = httpx.URL(written)
        is_local = url.host in ("localhost", "127.0.0.1")
        if (url.scheme != "https" and not is_local) or not url.host or url.userinfo or url.query:
            raise ValueError("must be an https address without a user in it")
        return written.rstrip("/")


def _open(around: Surroundings) -> GitHub:
    settings = around.settings
    if not isinstance(settings, GitHubSettings):
        raise TypeError("GitHub is opened with its settings")
    app = App(
        settings.github_app_id,
        settings.github_app_slug,
        settings.github_app_private_key,
        settings.github_installation_id,
        settings.github_api_url,
    )
    api = Api(app)
    folder = around.var_folder / "github" / around.tenant
    mirrors = Mirrors(folder, settings.github_url, api.git_header, api.forget_tokens)
    return GitHub(
        api=api,
        mirrors=mirrors,
        most_bytes=settings.github_most_repository_mb * 1024**2,
        receipts=Receipts(around.database, around.tenant),
        webhooks=Reader(settings.github_webhook_secrets, settings.github_installation_id),
    )


async def _close(port: Any) -> None:
    await port.close()


async def _tidy(around: Surroundings) -> None:
    port = _open(around)
    try:
        await port.tidy()
    finally:
        await port.close()


def _chores(around: Surroundings) -> Iterable[Chore]:
    return (Chore("github_mirrors", _TIDIED_EVERY, partial(_tidy, around)),)


async def _check(around: Surroundings) -> Iterable[Checked]:
    port = _open(around)
    try:
        app = await port.api.as_app("/app")
        if app["slug"] != port.api.app.slug:
            says = f"the App is called {app['slug']}; set GITHUB_APP_SLUG to that"
            return (Checked(WHO, "wrong", says),)
        seen = (await port.repositories(Part())).items
    except (Away, CodeHostError) as wrong:
        return (Checked(WHO, "wrong", str(wrong)),)
    finally:
        await port.close()
    checked = [Checked(WHO, "well", f"it answers as {port.login}, which sees {len(seen)} repositories")]
    more = _beyond_need(app.get("permissions") or {})
    if more:
        checked.append(Checked(WHO, "advice", f"the App may do more than is needed: {', '.join(more)}"))
    large = [one.id for one in seen if one.size_bytes > port.most_bytes]
    if large:
        says = f"larger than GITHUB_MOST_REPOSITORY_MB, and left alone: {', '.join(large[:10])}"
        checked.append(Checked(WHO, "advice", says))
    settings = around.settings
    if isinstance(settings, GitHubSettings) and settings.github_webhook_secrets is None:
        says = "tells nothing by itself: set GITHUB_WEBHOOK_SECRETS to let it post to /code/github"
        checked.append(Checked(WHO, "advice", says))
    return checked


def _beyond_need(permissions: dict[str, str]) -> list[str]:
    return sorted(
        f"{name}: {leave}"
        for name, leave in permissions.items()
        if leave != WRITES.get(name) and not (leave == "read" and name in WRITES)
    )


INTEGRATION = Integration(
    "code_host", "github", WHO, _open, settings=GitHubSettings, check=_check, close=_close, chores=_chores
)

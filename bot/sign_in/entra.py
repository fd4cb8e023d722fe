"""Signing in with Microsoft Entra: msal's authorization code flow, with PKCE and nonce."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bot.sign_in.configuration import EntraApp
from bot.sign_in.id_tokens import IdTokens, KeyRing
from bot.sign_in.provider import Provider
from bot.sign_in.ways import Begun, NotFinished, Outsider, ProofRefused, ProviderAway

if TYPE_CHECKING:
    import msal

_PATIENCE_SECONDS = 10

# msal would rather have the answer posted, but a post from another site carries no Lax cookie.
warnings.filterwarnings("ignore", message="response_mode='form_post'", module="msal")

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class EntraWay:
    """Proves `teams:<Entra tenant>/<object id>`: the same person as in Teams."""

    name = "entra"
    platform = "teams"
    label = "Microsoft"
    chat = "Teams"

    def __init__(self, app: EntraApp) -> None:
        self._app = app
        self._provider = Provider(self.label)
        self._root = app.authority.rstrip("/")
        # Of several tenants Entra asks which; who comes from another is refused when they come back.
        tenant = next(iter(app.tenants)) if len(app.tenants) == 1 else "organizations"
        self._authority = f"{self._root}/{tenant}"
        keys = KeyRing(self._provider, f"{self._authority}/discovery/v2.0/keys")
        self._tokens = IdTokens(keys, app.client_id)

    async def begin(self, state: str, back: str) -> Begun:
        """Begin at Entra's own page. Raises SignInFailed."""
        flow = await asyncio.to_thread(self._begun, state, back)
        return Begun(flow["auth_uri"], flow)

    async def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        """The Entra user who comes back with a code. Raises SignInFailed."""
        if "code" not in answer:
            raise NotFinished(self.label, answer.get("error", "no code"))
        said = await asyncio.to_thread(self._redeemed, dict(kept), dict(answer))
        if not isinstance(said.get("id_token"), str):
            raise ProofRefused(self.label, str(said.get("error", "no_id_token")))
        # msal compares state and nonce and leaves the token itself to us.
        return self._identity(await self._tokens.claims(said["id_token"], self._issuer))

    def is_ours(self, identity: str) -> bool:
        """Whether the user's Entra tenant is listed."""
        return identity.removeprefix("teams:").partition("/")[0] in self._app.tenants

    def elsewhere(self, _identity: str) -> tuple[str, str] | None:
        """See Way.elsewhere. Each tenant has an account of its own for somebody, a guest's too."""
        return None

    async def close(self) -> None:
        """Let go of open connections."""
        await self._provider.close()

    def _issuer(self, claims: Mapping[str, Any]) -> str:
        return f"{self._root}/{claims.get('tid')}/v2.0"

    def _begun(self, state: str, back: str) -> dict[str, Any]:
        flow: dict[str, Any] = self._application().initiate_auth_code_flow([], redirect_uri=back, state=state)
        return flow

    def _redeemed(self, flow: dict[str, Any], answer: dict[str, str]) -> dict[str, Any]:
        application = self._application()
        try:
            with self._reached():
                said: dict[str, Any] = application.acquire_token_by_auth_code_flow(flow, answer)
        except (ValueError, RuntimeError, KeyError) as wrong:  # a wrong state, a wrong nonce, no subject
            raise ProofRefused(self.label, "refused_by_msal") from wrong
        return said

    def _application(self) -> msal.ConfidentialClientApplication:
        """A new one each time: it keeps the tokens of those who sign in, and nobody needs them."""
        import msal  # half a second that only those who sign in wait for

        try:
            with self._reached():
                return msal.ConfidentialClientApplication(
                    self._app.client_id,
                    client_credential=self._app.client_secret,
                    authority=self._authority,
                    timeout=_PATIENCE_SECONDS,
                    exclude_scopes=["offline_access"],
                    # The authority is our own setting: nobody else need say whether it may be trusted.
                    instance_discovery=False,
                )
        except ValueError as unknown:  # no such tenant, or no authority at all
            raise ProviderAway(self.label) from unknown

    @contextmanager
    def _reached(self) -> Iterator[None]:
        from msal.exceptions import MsalError

        try:
            yield
        except (OSError, MsalError) as failed:  # its network errors are OSErrors
            raise ProviderAway(self.label) from failed

    def _identity(self, claims: Mapping[str, Any]) -> str:
        tenant, user = self._id(claims, "tid"), self._id(claims, "oid")
        identity = f"teams:{tenant}/{user}"
        if not self.is_ours(identity):
            raise Outsider(identity, f"the Entra tenant {tenant}", "ENTRA_TENANTS")
        return identity

    def _id(self, claims: Mapping[str, Any], name: str) -> str:
        value = claims.get(name)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise ProofRefused(self.label, f"no_{name}")
        return value

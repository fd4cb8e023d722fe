"""What the doctor says of Teams: which settings are missing, whether Entra takes them, and what it grants."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from bot.finding import Finding
from bot.settings import Settings
from bot.teams.authentication import KeysUnavailable, SigningKeys
from bot.teams.configuration import TeamsConfiguration, TeamsMisconfigured, configuration
from bot.teams.entra import CONNECTOR, EntraLost, EntraTokens, NoToken
from bot.teams.graph import Graph, GraphLost, GraphRefused

_PATIENCE_SECONDS = 5.0
_USERS = "User.Read.All"
_INSTALLING = "somebody who never wrote to Countersign cannot be told anything in Teams"
_WITHOUT = {
    _USERS: "closed accounts are noticed late, and people are not found before they have spoken",
    "Channel.ReadBasic.All": "every channel counts as one that outsiders read",
    "AppCatalog.Read.All": _INSTALLING,
    "TeamsAppInstallation.ReadWriteSelfForUser.All": _INSTALLING,
}
"""What is not had without each permission."""

_NOBODY = "nobody@countersign.invalid"


async def examine_teams(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything that Teams needs, one thing after the other."""
    if not settings.speaks_teams:
        yield Finding("Teams", "advice", "not configured; docs/teams.md says how")
        return
    try:
        configured = configuration(settings)
    except TeamsMisconfigured as wrong:
        yield Finding("Teams", "wrong", str(wrong))
        return
    tokens = EntraTokens(configured)
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS) as http:
        yield await _keys(configured, http)
        token = await _token(configured, tokens)
        yield token
        if token.state == "well":
            graph = Graph(configured.graph_url, http, tokens)
            for tenant in sorted(configured.tenants):
                yield await _graph(graph, tenant)


async def _keys(configured: TeamsConfiguration, http: httpx.AsyncClient) -> Finding:
    try:
        await SigningKeys(configured.openid_url, http).issuer()
    except KeysUnavailable as unavailable:
        says = f"the Bot Framework's signing keys cannot be had, so no message is accepted: {unavailable}"
        return Finding("Teams keys", "wrong", says)
    return Finding("Teams keys", "well", configured.openid_url)


async def _token(configured: TeamsConfiguration, tokens: EntraTokens) -> Finding:
    try:
        await tokens.token(configured.app_tenant, CONNECTOR)
    except NoToken as refused:
        says = f"Entra refuses TEAMS_APP_ID and TEAMS_APP_PASSWORD ({refused}); is the secret still valid?"
        return Finding("Teams token", "wrong", says)
    except EntraLost as lost:
        return Finding("Teams token", "wrong", f"{configured.authority} does not answer: {lost}")
    return Finding("Teams token", "well", f"application {configured.app_id}")


async def _graph(graph: Graph, tenant: str) -> Finding:
    what = f"Graph in {tenant}"
    try:
        granted = await graph.granted(tenant)
        await graph.users_called(tenant, _NOBODY)
    except GraphRefused:
        granted = (granted or frozenset(_WITHOUT)) - {_USERS}
    except (GraphLost, EntraLost, NoToken) as lost:
        return Finding(what, "advice", f"does not answer: {lost}")
    missing = [] if granted is None else [name for name in _WITHOUT if name not in granted]
    if missing:
        without = "; ".join(f"{name} is not granted: {_WITHOUT[name]}" for name in missing)
        return Finding(what, "advice", f"{without}. An Entra administrator can grant it to the application")
    return Finding(what, "well", "people can be looked up, channels told apart, and the app installed")

"""A company's people, or those of one group, read from Entra by Microsoft Graph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from bot.beginning.platform_people import (
    MOST,
    PATIENCE_SECONDS,
    Listed,
    PeopleNotRead,
    answer_of,
    in_order,
    is_address,
    too_many,
)

_SELECT = "id,displayName,mail,userPrincipalName,userType,accountEnabled"
_PAGE = "999"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EntraAccess:
    """Where Entra and Graph are, the tenant (its id), and the application that may read there."""

    authority: str
    graph: str
    tenant: str
    app: str
    secret: str


async def entra_people(access: EntraAccess, group: str | None = None) -> tuple[Listed, ...]:
    """The tenant's people, or the members of the group with this name or object id: no guests, no applications,
    nobody deactivated. Raises PeopleNotRead.
    """
    if not _ID.fullmatch(access.tenant):
        raise PeopleNotRead(f"“{access.tenant}” is no tenant id. Copy it from Entra, “Overview”.")
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
        http.headers["Authorization"] = f"Bearer {await _token(http, access)}"
        path = "/users"
        if group is not None:
            path = f"/groups/{await _group(http, access, group)}/members/microsoft.graph.user"
        users: list[Mapping[str, Any]] = []
        url: str | None = f"{access.graph}{path}?$select={_SELECT}&$top={_PAGE}"
        while url is not None:
            page = await _ask(
                http, url, "User.Read.All" if group is None else "GroupMember.Read.All and User.Read.All"
            )
            users += [one for one in page.get("value") or () if _works_there(one)]
            if len(users) > MOST:
                raise too_many("Entra")
            url = _next(access, page.get("@odata.nextLink"))
    tenant = access.tenant.lower()
    addressed = ((one, one.get("mail") or one.get("userPrincipalName")) for one in users)
    return in_order(
        [
            Listed(
                str(one.get("displayName") or address), str(address), f"teams:{tenant}/{str(one['id']).lower()}"
            )
            for one, address in addressed
            if is_address(address)
        ]
    )


def _works_there(one: Mapping[str, Any]) -> bool:
    return one.get("accountEnabled") is True and one.get("userType") != "Guest"


def _next(access: EntraAccess, link: object) -> str | None:
    """The next page; never elsewhere, for the request carries the token."""
    if not link:
        return None
    here, there = urlsplit(access.graph), urlsplit(str(link))
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise PeopleNotRead(f"Graph leads to {there.netloc} for its next page, and this is not {here.netloc}.")
    return str(link)


async def _token(http: httpx.AsyncClient, access: EntraAccess) -> str:
    parts = urlsplit(access.graph)
    form = {
        "grant_type": "client_credentials",
        "client_id": access.app,
        "client_secret": access.secret,
        "scope": f"{parts.scheme}://{parts.netloc}/.default",
    }
    url = f"{access.authority.rstrip('/')}/{access.tenant}/oauth2/v2.0/token"
    _, found = await answer_of(http, "Entra", "POST", url, data=form)
    if "access_token" in found:
        return str(found["access_token"])
    raise PeopleNotRead(
        f"Entra does not take this application and secret ({found.get('error', 'no token')}). Copy the client"
        " id from “Overview” and a new secret's value from “Certificates & secrets” of the app, and run this"
        " again."
    )


async def _group(http: httpx.AsyncClient, access: EntraAccess, group: str) -> str:
    if _ID.fullmatch(group):
        return group
    literal = quote("'" + group.replace("'", "''") + "'")
    url = f"{access.graph}/groups?$filter=displayName eq {literal}&$select=id"
    found = list((await _ask(http, url, "GroupMember.Read.All")).get("value") or ())
    if len(found) != 1:
        many = "No group" if not found else f"{len(found)} groups"
        verb = "is" if len(found) < 2 else "are"
        raise PeopleNotRead(f"{many} in Entra {verb} called “{group}”. Name it by its object id.")
    return str(found[0]["id"])


async def _ask(http: httpx.AsyncClient, url: str, permission: str) -> Mapping[str, Any]:
    answer, found = await answer_of(http, "Graph", "GET", url)
    if answer.is_success:
        return found
    said = found.get("error")
    code = said.get("code") if isinstance(said, dict) else answer.status_code
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise PeopleNotRead(
            f"The application lacks the permission {permission} ({code}). Add it under “API permissions” of the"
            " app (application permissions of Microsoft Graph), let an administrator grant it, and run this"
            " again."
        )
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise PeopleNotRead(
            f"There is no such group in Entra ({code}). Copy its object id, and run this again."
        )
    raise PeopleNotRead(f"Graph refuses the list ({code}). Read the people from a list: --people people.csv.")

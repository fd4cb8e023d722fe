"""PagerDuty's rota: https://developer.pagerduty.com/api-reference/ (`GET /oncalls`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from integrations.integration import Checked, Chore, Integration, Surroundings, VendorSettings
from integrations.rota import LONGEST_NAME, MOST_SHIFTS, RotaError, Shift
from integrations.rota.kept import ASKED_EVERY, ask_and_keep
from integrations.web_service import Bounded, Manners, Refused, WebService
from storage.look import Away

WHO = "PagerDuty"
MOST_BYTES = 4_000_000
"""Of one answer; a longer one is not read to its end."""

_PAGE = 100


class PagerDutyRotaSettings(VendorSettings):
    """The key, and whose rota counts."""

    pagerduty_api_key: SecretStr = Field(description="Read-only key of PagerDuty's REST API.")
    pagerduty_api_url: str = Field(
        default="https://api.pagerduty.com", description="Its address; https://api.eu.pagerduty.com in Europe."
    )
    pagerduty_escalation_policies: str = Field(
        default="", description="Ids of the escalation policies that count, with commas; all, if not given."
    )

    @field_validator("pagerduty_api_url")
    @classmethod
    def _address(cls, written: str) -> str:
        url = httpx.URL(written)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ValueError("must be an http or https address without a user in it")
        return f"{written.rstrip('/')}/"

    @property
    def policies(self) -> tuple[str, ...]:
        """Each of them."""
        return tuple(filter(None, (one.strip() for one in self.pagerduty_escalation_policies.split(","))))


class _Answered(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _User(_Answered):
    email: str = Field(min_length=3, max_length=320)
    name: str = ""
    summary: str | None = None


class _OnCall(_Answered):
    user: _User
    escalation_level: Annotated[int, Field(ge=1, le=100)]
    start: datetime | None = None
    end: datetime | None = None


class _Page(_Answered):
    oncalls: Annotated[list[_OnCall], Field(max_length=_PAGE)]
    more: bool = False


class PagerDutyRota:
    """A `Rota`."""

    title = WHO

    def __init__(self, settings: PagerDutyRotaSettings) -> None:
        key = settings.pagerduty_api_key.get_secret_value()
        headers = {
            "Authorization": f"Token token={key}",
            "Accept": "application/vnd.pagerduty+json;version=2",
            "Accept-Encoding": "identity",
        }
        client = httpx.AsyncClient(
            base_url=settings.pagerduty_api_url, headers=headers, transport=Bounded(MOST_BYTES)
        )
        self._service = WebService(WHO, client, Manners(seconds=10.0), (key,))
        self._policies = settings.policies

    async def on_call(self) -> tuple[Shift, ...]:
        found: list[Shift] = []
        while True:
            page = await self._page(len(found))
            found += map(_shift, page.oncalls)
            if not page.more or not page.oncalls or len(found) >= MOST_SHIFTS:
                return tuple(found[:MOST_SHIFTS])

    async def _page(self, offset: int) -> _Page:
        asked = [("limit", _PAGE), ("offset", offset), ("include[]", "users")]
        asked += [("escalation_policy_ids[]", one) for one in self._policies]
        try:
            return _Page.model_validate(await self._service.call("GET", f"oncalls?{urlencode(asked)}"))
        except Refused as refused:
            why = "does not accept the key" if refused.status in (401, 403) else f"answered {refused.status}"
            raise RotaError(f"{WHO} {why}") from refused
        except ValidationError as wrong:
            raise RotaError(f"{WHO} answered with something that is no rota") from wrong

    async def close(self) -> None:
        """Let go of its connections."""
        await self._service.client.aclose()


def _shift(one: _OnCall) -> Shift:
    name = (one.user.name or one.user.summary or "somebody")[:LONGEST_NAME]
    times = [None if at is None else at.replace(tzinfo=at.tzinfo or UTC) for at in (one.start, one.end)]
    return Shift(one.user.email.casefold(), name, one.escalation_level, *times)


def _open(around: Surroundings) -> PagerDutyRota:
    if not isinstance(around.settings, PagerDutyRotaSettings):
        raise TypeError("PagerDuty's rota is opened with its settings")
    return PagerDutyRota(around.settings)


def _chores(around: Surroundings) -> Iterable[Chore]:
    rota = _open(around)

    async def ask() -> None:
        await ask_and_keep(around.database, around.tenant, INTEGRATION.name, rota, datetime.now(UTC))

    return (Chore("ask_rota", ASKED_EVERY, ask),)


async def _check(around: Surroundings) -> Iterable[Checked]:
    rota = _open(around)
    try:
        found = await rota.on_call()
    except (Away, RotaError) as silent:
        return (Checked("rota", "wrong", f"{silent}; the department's file stands in"),)
    finally:
        await rota.close()
    return (Checked("rota", "well", f"{WHO} has {len(found)} on call"),)


INTEGRATION = Integration(
    "rota",
    "pagerduty",
    WHO,
    _open,
    settings=PagerDutyRotaSettings,
    check=_check,
    close=lambda rota: rota.close(),
    chores=_chores,
)

"""Customers in HubSpot's CRM, read by a private app of the company's own account."""

from __future__ import annotations

from collections.abc import Iterable

from governance.visibility import EVERYTHING, NOTHING
from integrations.customers.vendors.hubspot.api import WHO, HubSpotApi, Kind
from integrations.customers.vendors.hubspot.customers import HubSpotCustomers
from integrations.customers.vendors.hubspot.settings import HubSpotSettings
from integrations.integration import Checked, Integration, Surroundings
from storage.look import Away


def _settings(around: Surroundings) -> HubSpotSettings:
    if not isinstance(around.settings, HubSpotSettings):
        raise TypeError("HubSpot is opened with its settings")
    return around.settings


def _open(around: Surroundings) -> HubSpotCustomers:
    return HubSpotCustomers(_settings(around), around.database, around.tenant)


async def _check(around: Surroundings) -> Iterable[Checked]:
    own = _settings(around)
    api, customers = HubSpotApi(own), _open(around)
    try:
        wrong = await _not_there(api, own)
        gaps = await customers.gaps(EVERYTHING)
        count = await customers.count_others(NOTHING)
    except Away as away:
        return (Checked("customers", "wrong", str(away)),)
    finally:
        await api.close()
        await customers.close()
    if wrong:
        return tuple(Checked("customers", "wrong", one) for one in wrong)
    if count == 0:
        stages = ", ".join(own.stages) or "none"
        none = f"{WHO} has no company of these lifecycle stages: {stages}. Set HUBSPOT_LIFECYCLE_STAGES."
        return (Checked("customers", "wrong", none),)
    well = Checked("customers", "well", f"{WHO} has {count:,} customers")
    return (well, *(Checked("customers", "advice", gap) for gap in gaps.sentences))


async def _not_there(api: HubSpotApi, own: HubSpotSettings) -> list[str]:
    """What the settings name and HubSpot does not have."""
    named: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("companies", own.company_properties),
        ("deals", own.deal_properties),
        ("tickets", own.ticket_properties),
    )
    wrong: list[str] = []
    for kind, properties in named:
        missing = sorted(set(properties) - await api.property_names(kind)) if properties else []
        if missing:
            wrong.append(f"{WHO}'s {kind} have no property {', '.join(missing)}: use its internal name")
    pipeline = own.hubspot_request_pipeline
    if pipeline and pipeline not in await api.ticket_pipelines():
        wrong.append(f"{WHO} has no pipeline of tickets with the id in HUBSPOT_REQUEST_PIPELINE")
    return wrong


INTEGRATION = Integration(
    "customers",
    "hubspot",
    WHO,
    _open,
    settings=HubSpotSettings,
    check=_check,
    close=lambda customers: customers.close(),
)

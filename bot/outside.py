"""The outside world of an installation: the vendors that its department has chosen, opened once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import Any

from pydantic import ValidationError

from bot.settings import Settings
from governance.department import Department
from integrations.alerts import AlertSource
from integrations.code_host.webhooks import CodeWebhooks
from integrations.integration import (
    Chore,
    Integration,
    OwnProcess,
    Serving,
    SettingsMissing,
    Surroundings,
    find_vendors,
)
from integrations.ports import Ports
from integrations.tracker.webhooks import TrackerWebhooks
from storage.database import Database


@dataclass(frozen=True)
class OutsideWorld:
    """Which vendors there are, and their ports by tenant."""

    database: Database
    settings: Settings
    department: Department

    def ports(self, tenant: str) -> Ports:
        """A tenant's outside world, by the vendors that its department has chosen; opened once a process.

        Raises NoSuchVendor, and what a vendor's settings raise.
        """
        opened = self._opened.setdefault(tenant, {})
        for kind, vendor in self.vendors.items():
            if kind not in opened:
                opened[kind] = vendor.open(self.surroundings(vendor, tenant))
        return Ports(**{kind.name: opened[kind.name] for kind in fields(Ports)})

    @property
    def effect_ports(self) -> Mapping[str, Callable[[str], Any]]:
        """The ports on which effects are performed, by the name that their actions know them by."""
        return {kind.name: partial(self._port, kind.name) for kind in fields(Ports)}

    def _port(self, kind: str, tenant: str) -> Any:
        return getattr(self.ports(tenant), kind)

    @cached_property
    def vendors(self) -> Mapping[str, Integration]:
        """The vendor of each kind of which the department uses one. Raises NoSuchVendor."""
        return find_vendors().chosen(self.department.integrations)

    def chores(self, tenant: str) -> Sequence[Chore]:
        """What a tenant's vendors do by themselves. Raises SettingsMissing."""
        return [
            chore for vendor in self.all_vendors for chore in vendor.chores(self.surroundings(vendor, tenant))
        ]

    def process(self, kind: str, tenant: str) -> OwnProcess | None:
        """The process that the vendor of this kind needs; None where it needs none. Raises SettingsMissing."""
        vendor = self.vendors[kind]
        return vendor.process(self.surroundings(vendor, tenant))

    def served(self, tenant: str) -> Sequence[Serving]:
        """What a tenant's vendors listen with. Raises SettingsMissing."""
        return [
            part for vendor in self.all_vendors for part in vendor.serves(self.surroundings(vendor, tenant))
        ]

    @cached_property
    def alert_vendors(self) -> tuple[Integration, ...]:
        """The vendors whose alerts come in, if they have a secret. Raises NoSuchVendor."""
        return find_vendors().chosen_of("alerts", self.department.integrations)

    @property
    def all_vendors(self) -> tuple[Integration, ...]:
        """Every vendor that the department uses. Raises NoSuchVendor."""
        return (*self.vendors.values(), *self.alert_vendors)

    @cached_property
    def alert_sources(self) -> Mapping[str, AlertSource]:
        """Who may send alerts, by the vendors' names. Raises NoSuchVendor, SettingsMissing."""
        tenant = self.settings.tenant
        return {vendor.name: vendor.open(self.surroundings(vendor, tenant)) for vendor in self.alert_vendors}

    @property
    def code_webhooks(self) -> Mapping[str, CodeWebhooks]:
        """The code host that tells by itself, by the vendor's name. Raises NoSuchVendor, SettingsMissing."""
        port = self.ports(self.settings.tenant).code_host
        return {self.vendors["code_host"].name: port} if isinstance(port, CodeWebhooks) else {}

    @property
    def tracker_webhooks(self) -> Mapping[str, TrackerWebhooks]:
        """The tracker that tells by itself, by the vendor's name. Raises NoSuchVendor, SettingsMissing."""
        port = self.ports(self.settings.tenant).tracker
        return {self.vendors["tracker"].name: port} if isinstance(port, TrackerWebhooks) else {}

    @cached_property
    def _opened(self) -> dict[str, dict[str, Any]]:
        return {}

    def surroundings(self, vendor: Integration, tenant: str) -> Surroundings:
        """What a vendor is opened in. Raises SettingsMissing."""
        folders = self.department.folders.model_dump()
        try:
            settings = None if vendor.settings is None else vendor.settings()
        except ValidationError as wrong:
            raise SettingsMissing(vendor.title, wrong) from None
        own = self.settings
        return Surroundings(self.database, tenant, own.department, folders, own.var_folder, settings)

    async def close(self) -> None:
        """Let go of every port."""
        for ports in self._opened.values():
            for kind, port in ports.items():
                await self.vendors[kind].close(port)

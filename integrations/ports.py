"""The outside world of one department: its ports, by the vendors that it has chosen."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.calendar import Calendar
from integrations.code_host import CodeHost
from integrations.customers import Customers
from integrations.deployments import Deployments
from integrations.documents import Documents
from integrations.environments import Environments
from integrations.load import Load
from integrations.mail import Mail
from integrations.metrics import Metrics
from integrations.prices import Prices
from integrations.sandbox import Sandbox
from integrations.services import ServiceCatalogue
from integrations.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Ports:
    """One port of each kind, to be looked at. What they can do is demanded with a Grant, which only the gate
    mints."""

    tracker: Tracker
    documents: Documents
    customers: Customers
    services: ServiceCatalogue
    deployments: Deployments
    metrics: Metrics
    prices: Prices
    load: Load
    code_host: CodeHost
    sandbox: Sandbox
    environments: Environments
    calendar: Calendar
    mail: Mail

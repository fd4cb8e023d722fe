"""Every effect on the world that there is, with how the gate performs it: what is not here cannot be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agents.actions import specs as plan_specs
from agents.customers.actions import specs as customer_specs
from agents.delivery_causes.actions import specs as delivery_specs
from agents.engineering.release_tests import ReleaseTests
from agents.engineering.story_rows import breaks, follows_work
from agents.meetings.meeting_run import in_meeting
from agents.operations import incident_links
from agents.operations.approved_versions import previously_approved
from agents.operations.canary.limits import within_canary
from agents.operations.capacity.reservation_actions import specs as reservation_specs
from agents.operations.response.limits import in_incident
from agents.plans.limits import within_plan
from agents.roadmap.actions import specs as roadmap_specs
from governance.actions import specs as governance_specs
from governance.authority.policy import Policy
from governance.registry import ActionSpec, Registry
from integrations.calendar.performing import specs as calendar_specs
from integrations.code_host.performing import specs as code_specs
from integrations.deployments.performing import specs as deployment_specs
from integrations.load.performing import specs as load_specs
from integrations.mail.performing import specs as mail_specs
from integrations.ports import Ports
from integrations.prices.costs import replicas_a_month
from integrations.tracker.performing import specs as tracker_specs


def every_effect(
    ports: Callable[[str], Ports], tests: ReleaseTests, policy: Policy, of_vendors: Iterable[ActionSpec]
) -> Registry:
    """Those of the rooms, whose facts are looked up at a tenant's `ports`, and those `of_vendors` alone."""
    return Registry(
        (
            *tracker_specs(within_plan, incident_links.is_linkable, follows_work),
            *deployment_specs(
                within_canary,
                replicas_a_month(lambda tenant: ports(tenant).prices),
                in_incident,
                previously_approved,
                tests.of,
                lambda tenant: ports(tenant).deployments,
            ),
            *code_specs(breaks),
            *load_specs(lambda tenant: ports(tenant).deployments),
            *reservation_specs(lambda tenant: ports(tenant).prices),
            *calendar_specs(in_meeting),
            *mail_specs(lambda tenant: ports(tenant).customers),
            *customer_specs(),
            *plan_specs(),
            *roadmap_specs(),
            *delivery_specs(),
            *governance_specs(policy),
            *of_vendors,
        )
    )

"""The department, put together: the one place that names vendors and joins the rooms."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from agents import sre
from agents.customers.promise_watch import PromiseWatch
from agents.drafting import WORKERS
from agents.engineering.release_tests import ReleaseTests
from agents.model import ModelAccess, OtherModel
from agents.operations import incident_impact
from agents.operations.alert_intake import AlertIntake
from agents.operations.canary.promotions import Promotions
from agents.operations.findings import Findings
from agents.operations.objective_watch import ObjectiveWatch
from agents.operations.security_watch import SecurityWatch
from agents.plans.authorship import Authorship
from agents.plans.drafting import Drafting
from agents.plans.replanning import Replanning
from agents.role import Agent, agents, demand_reached
from agents.terms import AgentTerms
from agents.work.executor import Executor
from agents.work.kinds import StepKind, find_kinds
from agents.work.scheduler import Scheduler
from bot.checkpoints import webhook
from bot.console.adapter import ConsoleAdapter
from bot.desks import Desks, StoredFiles
from bot.effects import every_effect
from bot.fence_watch import FenceWatch
from bot.foundation import Foundation
from bot.jobs import Jobs
from bot.listener import Listener
from bot.notices import Notices
from bot.outside import OutsideWorld
from bot.platforms.adapter import Adapter
from bot.platforms.known_channels import KnownChannels
from bot.platforms.sealing import key_in
from bot.recogniser import BackgroundRecogniser, ModelRecogniser
from bot.teams.configuration import configuration
from bot.turns import Turns
from governance.audit.publication import Publisher
from governance.audit.sequencer import Sequencer
from governance.authority.policy import Policy, load
from governance.department import Department
from governance.department_file import read_department
from governance.gate import Gate
from governance.overrides.rows import read_standing
from governance.people import Actor
from governance.performing import Performer
from governance.registry import Registry
from handlers.catalogue import find_handlers
from handlers.conversation.router import Router
from handlers.language.recognition import Recognises
from handlers.notices import find_notices
from integrations.ports import Ports

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

    from bot.slack.workspaces import Workspaces
    from bot.teams.application import TeamsApplication
    from integrations.budgets import Budgets


@dataclass(frozen=True)
class Installation(Foundation):
    """One process's department. Parts are made when they are first used."""

    @cached_property
    def process(self) -> str:
        """This process's name among those that a halt waits for."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def listener(self) -> Listener:
        return Listener(self.urls.app)

    @cached_property
    def policy(self) -> Policy:
        """The matrix. Raises PolicyError, which says the line and what to do."""
        return load(self.settings.authority)

    @cached_property
    def department_file(self) -> Department:
        """The department as its file has it. Raises DepartmentError, which says the line and what to do."""
        return read_department(self.settings.department / "department.yaml")

    @cached_property
    def registry(self) -> Registry:
        vendors = [spec for vendor in self.outside.all_vendors for spec in vendor.actions()]
        return every_effect(self.ports, self.release_tests, self.policy, vendors)

    @cached_property
    def release_tests(self) -> ReleaseTests:
        return ReleaseTests(
            lambda tenant: self.ports(tenant).deployments, lambda tenant: self.ports(tenant).code_host
        )

    @cached_property
    def gate(self) -> Gate:
        proposes = {name: frozenset(agent.role.proposes) for name, agent in self.roles.items()}
        return Gate(self.policy, self.registry, agents=proposes)

    @cached_property
    def roles(self) -> Mapping[str, Agent]:
        """The agents' roles. Raises BrokenRole."""
        found = agents()
        demand_reached(found, {*WORKERS, *(kind.actor for kind in self.step_kinds.values())})
        return found

    @cached_property
    def watch(self) -> FenceWatch:
        return FenceWatch(self.database, self.listener, self.process)

    @cached_property
    def recogniser(self) -> BackgroundRecogniser:
        return BackgroundRecogniser(self.settings.var_folder / "recogniser")

    @property
    def model(self) -> ModelAccess | None:
        """The model that agents work with; None where they work by rule."""
        settings = self.settings
        if settings.openai_api_key is None:
            return None
        return ModelAccess(
            model=settings.openai_model,
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
            input_price=settings.openai_input_price,
            output_price=settings.openai_output_price,
            others=tuple(OtherModel(*one) for one in settings.openai_other_models),
        )

    @cached_property
    def understanding(self) -> Recognises:
        """What tells the meaning of free text: a model where there is one, the embedded one behind it."""
        key = self.settings.openai_api_key
        if key is None:
            return self.recogniser
        return ModelRecogniser(
            self.recogniser,
            api_key=key.get_secret_value(),
            base_url=self.settings.openai_base_url,
            model=self.settings.openai_model,
        )

    @cached_property
    def adapters(self) -> Mapping[str, Adapter]:
        """The chat platforms that this installation speaks on: the console on this machine alone."""
        spoken: dict[str, Adapter] = {}
        if self.settings.env == "local":
            spoken["console"] = ConsoleAdapter()
        if self.slack is not None:
            from bot.slack.connecting import adapter_of

            spoken["slack"] = adapter_of(self.settings, self.slack, self.budgets)
        if self.settings.speaks_teams:
            spoken["teams"] = self.teams.adapter
        return spoken

    @cached_property
    def budgets(self) -> Budgets:
        """What the platforms' rate limits leave, for all processes together where there is a Redis."""
        from integrations.budgets import Budgets

        return Budgets(self.settings.redis_url)

    @cached_property
    def slack(self) -> Workspaces | None:
        """The company's workspaces in Slack; None where Slack is not configured."""
        if not self.settings.speaks_slack:
            return None
        from bot.slack.connecting import workspaces_of

        return workspaces_of(self.settings, self.database, self.sealing)

    @cached_property
    def teams(self) -> TeamsApplication:
        """The bot in Teams. Raises TeamsMisconfigured."""
        from bot.teams.application import TeamsApplication

        return TeamsApplication(configuration(self.settings), self.budgets)

    @cached_property
    def sealing(self) -> Fernet:
        """Seals the chat platforms' tokens."""
        from cryptography.fernet import Fernet

        key = self.settings.token_key
        return Fernet(key.get_secret_value() if key else key_in(self.settings.var_folder / "tokens.key"))

    @cached_property
    def outside(self) -> OutsideWorld:
        """The systems that the department works with."""
        return OutsideWorld(self.database, self.settings, self.department_file)

    def ports(self, tenant: str) -> Ports:
        """A tenant's outside world. Raises NoSuchVendor, and what a vendor's settings raise."""
        return self.outside.ports(tenant)

    @cached_property
    def desks(self) -> Desks:
        has_model = self.settings.openai_api_key is not None
        channels = KnownChannels(self.adapters, self.database)
        asked = self._suggest if has_model else None
        models = () if self.model is None else self.model.names
        return Desks(
            self.gate, self.ports, StoredFiles(), channels, has_model=has_model, suggest=asked, models=models
        )

    async def _suggest(self, tenant: str, findings: Findings) -> sre.Suggested | None:
        if self.model is None:
            return None
        own = partial(self.database.transaction, tenant)
        async with own() as tx:
            standing = await read_standing(tx, self.gate.clock())
        if standing.pause_of(Actor("agent", sre.ROLE.name)) is not None:
            return None
        terms = AgentTerms(own, f"explanation:{findings.as_of.isoformat()}", self.gate.clock)
        return await sre.suggest(findings, replace(self.model, terms=terms), lambda: self.watch.check(tenant))

    @cached_property
    def turns(self) -> Turns:
        asks = None if self.settings.openai_api_key is None else "The model"
        router = Router(find_handlers(), self.understanding, self.recogniser, asks=asks)
        return Turns(
            self.database,
            router,
            self.desks,
            self.adapters,
            begin=self.recogniser.begin,
            look_seconds=self.settings.look_seconds,
        )

    @cached_property
    def jobs(self) -> Jobs:
        """What the worker runs."""
        return Jobs(
            database=self.database,
            gate=self.gate,
            turns=self.turns,
            notices=Notices(self.database, find_notices(), self.desks, self.adapters),
            desks=self.desks,
            alerts=AlertIntake(self.database, lambda tenant: self.ports(tenant).services, self.gate.clock),
            objectives=ObjectiveWatch(
                self.database, lambda tenant: self.ports(tenant).metrics, self.gate.clock
            ),
            impacts=incident_impact.ImpactCount(
                self.database, lambda tenant: self.ports(tenant).metrics, self.gate.clock
            ),
            security=SecurityWatch(self.database, lambda tenant: self.ports(tenant).deployments, self.gate),
            promotions=Promotions(self.database, self.gate),
            promises=PromiseWatch(self.database, self.ports, self.gate),
            performer=Performer(self.database, self.gate, self.outside.effect_ports, process=self.process),
            adapters=self.adapters,
            drafting=Drafting(self.database, self.gate, self.plan_author, self.watch.agent_work),
            replanning=Replanning(self.database, self.gate, self.plan_author, self.watch.agent_work),
            scheduler=self.scheduler,
            executor=Executor(
                self.database,
                self.scheduler,
                self.watch.agent_work,
                self.process,
                self.ports,
                model=self.model,
                open_pull_requests=self.settings.open_pull_requests,
            ),
            log_key=lambda tenant: self.signer(tenant).verifier,
            tracker=lambda tenant: self.ports(tenant).tracker,
            checkpoint_file=self.checkpoint_file,
            checkpoint_channel=self.settings.checkpoint_channel,
            of_platforms=self.teams.jobs(self.database) if self.settings.speaks_teams else {},
        )

    @cached_property
    def scheduler(self) -> Scheduler:
        """Lets runs go on."""
        return Scheduler(self.gate, self.step_kinds)

    @cached_property
    def step_kinds(self) -> Mapping[str, StepKind]:
        """What the work engine can do."""
        return find_kinds()

    @cached_property
    def plan_author(self) -> Authorship:
        """Works plans out: with a model where one is configured, by rule otherwise."""
        return Authorship(self.database, self.ports, self.model, self.watch.check)

    @cached_property
    def sequencer(self) -> Sequencer:
        return Sequencer(self.database, self.signer, self.publisher)

    @cached_property
    def publisher(self) -> Publisher:
        """Takes checkpoints out of the database: only that shows a log whose tail was cut off."""
        url = self.settings.checkpoint_webhook
        return Publisher(self.checkpoint_file, [webhook(url)] if url else [])

    async def close(self) -> None:
        """Let go of the database, and of connections to the chat platforms."""
        if "outside" in self.__dict__:
            await self.outside.close()
        if "teams" in self.__dict__:
            await self.teams.close()
        if "slack" in self.__dict__ and self.slack is not None:
            await self.slack.close()
        await super().close()

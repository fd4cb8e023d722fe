"""What planning hands over: one plan, as frozen data, stored as JSON (`to_json`, `from_json`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, SerializerFunctionWrapHandler, TypeAdapter, WrapSerializer

from agents.planning.times import Forecast as Forecast
from agents.planning.times import Miss as Miss
from agents.planning.times import PlanSprint as PlanSprint
from agents.planning.times import Scheduled as Scheduled
from agents.planning.times import Target as Target
from agents.planning.times import Unscheduled as Unscheduled
from governance.facts import Fact
from integrations.tracker import Priority

Level = Literal["low", "medium", "high"]
FlagKind = Literal["vague", "contradictory", "untestable", "missing", "instruction"]

HISTORY_NEEDED = 20
"""Done stories under which estimates and forecasts say "not enough history" instead of a number."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that the document asks for. `id` is its own (`FR-3`) or else `R7`; `line` counts from 1."""

    id: str
    text: str
    line: int
    section: str


@dataclass(frozen=True, slots=True)
class PassageRead:
    """One statement of the document and what it was read as: `requirement`, `constraint`, `later`,
    `out of scope`, `detail`, `order`, `question`, `context`, `goal`, `date` or `not read`; and `why`.

    `requirement` is the id of what is wanted, empty for the rest; `statement` its text as corrections know it.
    `english` and `forbids` are what a model said of a document in another language.
    """

    line: int
    text: str
    account: str
    why: str
    statement: str
    requirement: str = ""
    english: str = ""
    forbids: bool | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """Something in the document that a person should settle. `also_line` is a contradiction's other side."""

    kind: FlagKind
    quote: str
    line: int
    why: str
    suggestion: str
    also_line: int | None = None


@dataclass(frozen=True, slots=True)
class Similar:
    """A done story that an estimate leans on: its actual agent-hours, similarity in 0 to 1."""

    story: str
    title: str
    actual_hours: float
    similarity: float


@dataclass(frozen=True, slots=True)
class NotEnoughHistory:
    """The department has `found` done stories with hours; `needed` are needed for a number."""

    found: int
    needed: int = HISTORY_NEEDED
    kind: Literal["not_enough_history"] = "not_enough_history"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Agent-hours: the median and the 10th and 90th percentile, and the done stories behind them.

    `basis` says how it was worked out: from similar stories, or, where too few are similar, from all
    done stories of the discipline or of the department. `spread` is how far apart the hours of those
    are: the standard deviation of their logarithms, 0 in plans from before it was kept.
    """

    p50: float
    low: float
    high: float
    basis: Literal["similar", "discipline", "department"]
    evidence: tuple[Similar, ...]
    kind: Literal["estimate"] = "estimate"
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class DraftStory:
    """A user story of the plan. `key` is `S1`, `S2`, … and stays when others are dropped.

    `requirements` are ids of the plan's requirements; `depends_on` keys of stories in the same plan.
    """

    key: str
    title: str
    as_a: str
    i_want: str
    so_that: str
    acceptance: tuple[str, ...]
    requirements: tuple[str, ...]
    team: str
    discipline: str
    estimate: Estimate | NotEnoughHistory
    depends_on: tuple[str, ...]
    priority: Priority

    @property
    def description(self) -> str:
        """The story as a sentence, for the tracker."""
        purpose = f", so that {self.so_that}" if self.so_that else ""
        article = "an" if self.as_a[:1].lower() in "aeio" else "a"
        return f"As {article} {self.as_a}, I want {self.i_want}{purpose}."

    @property
    def hours(self) -> float:
        """Median agent-hours; 0 where there is not enough history to say."""
        return self.estimate.p50 if isinstance(self.estimate, Estimate) else 0.0


@dataclass(frozen=True, slots=True)
class Precedence:
    """Story `story` comes after story `after`, and why."""

    story: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a risk rests on, in words, and where that is from (`file:line`, a fact's id, a story's id)."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Risk:
    """What may go wrong, how likely, how bad, on what evidence, and what would help."""

    title: str
    likelihood: Level
    impact: Level
    evidence: tuple[Evidence, ...]
    mitigation: str


@dataclass(frozen=True, slots=True)
class OutsideDependency:
    """Work or a service outside the plan that the document names.

    `reference` is the service's or epic's id it was matched to, None where nothing matches; `ready` is
    None where nobody can tell; `stories` are the plan's stories that speak of it.
    """

    name: str
    line: int
    kind: Literal["service", "epic", "unknown"]
    reference: str | None
    status: str
    ready: bool | None
    stories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """Agent-hours: the sum of medians, and what 80 of 100 simulated sums stay under; `cost` is USD.

    `ceiling_hours` is the budget that somebody set. Spending warns at 80 % of `limit_hours` and
    pauses for approval at 100 %.
    """

    hours: float
    p80_hours: float
    cost: Decimal
    ceiling_hours: float | None = None
    kind: Literal["budget"] = "budget"

    @property
    def limit_hours(self) -> float:
        """What may be spent before somebody is asked: the ceiling if one was set, else `hours`."""
        return self.hours if self.ceiling_hours is None else self.ceiling_hours


@dataclass(frozen=True, slots=True)
class PlanChanges:
    """What Modify asks for; empty, it leaves the plan as it is. `drop` and `order` are story keys.

    `order` is first to last, the rest follow in their own order; `move` is (story key, team), `start` the
    first day on which work may begin, `notify` what people want to hear of (`blockers`, `completion`),
    `product` the id of the product that it is for.
    """

    drop: tuple[str, ...] = ()
    move: tuple[tuple[str, str], ...] = ()
    start: date | None = None
    budget_hours: float | None = None
    order: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    product: str = ""

    @property
    def only_notifies(self) -> bool:
        """Whether nothing but notifications is asked for."""
        return self == PlanChanges(notify=self.notify)

    @property
    def names_stories(self) -> bool:
        """Whether some of them are about stories by their keys."""
        return bool(self.drop or self.move or self.order)

    def without_stories(self) -> PlanChanges:
        """For a document that is read in another way: its stories are numbered again, so a key may now be
        another story's."""
        return replace(self, drop=(), move=(), order=())


def _fact_to_json(fact: Fact, dump: SerializerFunctionWrapHandler) -> Any:
    plain = dump(fact)
    if isinstance(fact.value, Decimal):
        plain["value"] = {"decimal": str(fact.value)}
    return plain


def _fact_from_json(stored: Any) -> Any:
    if isinstance(stored, dict) and isinstance(stored.get("value"), dict):
        return {**stored, "value": Decimal(stored["value"]["decimal"])}
    return stored


StoredFact = Annotated[Fact, WrapSerializer(_fact_to_json), BeforeValidator(_fact_from_json)]
"""A Fact whose Decimal value stays a Decimal through JSON."""


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A whole plan. Every number in it stands in `facts` too, with its unit and source.

    `worked_out` says by which way; `worked_out_why` why not with a model, where one was to be used.
    `blockers` are sentences about what a person must settle first. `changes` is what was asked for.
    `sprints` are those from the first story to the last, in order; `gap_days` is by how many working days
    the schedule may be longer than the shortest possible, None if nobody knows. `targets` are dates and limits
    that the document states, `misses` those of them that the plan does not meet. `because` says, of a plan that
    was worked out anew, why it differs from the one before. `wanted_start` is the start the document states.
    `product` is empty where it has to be asked for; `product_why` says how it was found, or what keeps it
    from being known, `product_assumed` whether nobody stated it, `product_likely` which ones are named.
    """

    document: str
    document_digest: str
    product: str
    title: str
    requirements: tuple[Requirement, ...]
    stories: tuple[DraftStory, ...]
    flags: tuple[Flag, ...]
    precedences: tuple[Precedence, ...]
    schedule: tuple[Scheduled, ...]
    unscheduled: tuple[Unscheduled, ...]
    forecast: Forecast | NotEnoughHistory
    budget: Budget | NotEnoughHistory
    risks: tuple[Risk, ...]
    risk_level: Level
    dependencies: tuple[OutsideDependency, ...]
    facts: tuple[StoredFact, ...]
    worked_out: Literal["rules", "model"]
    worked_out_why: str = ""
    blockers: tuple[str, ...] = ()
    changes: PlanChanges = field(default_factory=PlanChanges)
    product_why: str = ""
    product_assumed: bool = False
    product_likely: tuple[str, ...] = ()
    readings: tuple[PassageRead, ...] = ()
    sprints: tuple[PlanSprint, ...] = ()
    gap_days: int | None = None
    targets: tuple[Target, ...] = ()
    misses: tuple[Miss, ...] = ()
    because: tuple[str, ...] = ()
    wanted_start: date | None = None

    @property
    def scheduled_to(self) -> date | None:
        """The working day on which the last story is done by the schedule; None if nothing has a place."""
        return max((place.done for place in self.schedule), default=None)

    @property
    def starts_on(self) -> date | None:
        """The working day on which work begins; None if nothing has a place."""
        return min((place.begins for place in self.schedule), default=None)

    def story(self, key: str) -> DraftStory:
        """The story with this key. Raises KeyError."""
        return {story.key: story for story in self.stories}[key]


@cache
def _adapter() -> TypeAdapter[PlanDraft]:
    return TypeAdapter(PlanDraft)


def to_json(draft: PlanDraft) -> bytes:
    """The plan as JSON, for storing."""
    return _adapter().dump_json(draft)


def from_json(stored: bytes | str) -> PlanDraft:
    """The plan that `to_json` stored, equal to it. Raises pydantic.ValidationError."""
    return _adapter().validate_json(stored)

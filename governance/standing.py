"""What stands at a moment: the halt, freezes, emergency deployments, windows, overruled decisions, and agents
that are paused or act less by themselves.

Plain values, read once per ruling. `governance/authority/precedence.py` says what each of them binds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governance.action import Subject
from governance.people import Actor, Role


class WindowMode(StrEnum):
    """A scheduled mode of the department."""

    PLANNING = "planning"
    AUDIT = "audit"
    INCIDENT = "incident"
    DEMO = "demo"


class FreezeKind(StrEnum):
    """How far a freeze reaches."""

    EVERYTHING = "everything"
    DEPLOYMENTS = "deployments"
    SERVICE = "service"
    PLAN = "plan"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Halt:
    """Every agent stands still, until somebody other than `by` lets them go on.

    Here and below `name` is what people call whoever `by` is; a system has its id alone.
    """

    by: str
    reason: str
    since: datetime
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Freeze:
    """One process stands still, for agents and people alike.

    `scope` is the id of the service, plan or process; empty for `everything` and `deployments`.
    `by_role` is the role in which it was laid: it decides who may lift it.
    """

    kind: FreezeKind
    scope: str
    by: str
    by_role: Role
    reason: str
    since: datetime
    name: str | None = None
    until: datetime | None = None

    def covers(self, subject: Subject, decision_type: str) -> bool:
        """Whether this freeze reaches an action of that decision type on that subject."""
        match self.kind:
            case FreezeKind.EVERYTHING:
                return True
            case FreezeKind.DEPLOYMENTS:
                return "deployments" in (decision_type, subject.process) or decision_type == "rollbacks"
            case FreezeKind.SERVICE:
                return subject.service == self.scope
            case FreezeKind.PLAN:
                return subject.plan == self.scope
            case FreezeKind.PROCESS:
                return self.scope in (decision_type, subject.process)

    def describe(self) -> str:
        """What is frozen, as it stands in a sentence: `deployments`, `the service orders`."""
        if self.kind in (FreezeKind.EVERYTHING, FreezeKind.DEPLOYMENTS):
            return self.kind.value
        return f"the {self.kind.value} {self.scope}"


@dataclass(frozen=True, slots=True)
class EmergencyDeployment:
    """Leave for one exact deployment (`Subject.decides`) to go without its approval, until `expires`."""

    by: str
    decides: str
    reason: str
    expires: datetime
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A mode over the half-open interval [`starts`, `ends`) in UTC."""

    mode: WindowMode
    starts: datetime
    ends: datetime
    by: str

    def __post_init__(self) -> None:
        if self.starts.tzinfo is None or self.ends.tzinfo is None:
            raise ValueError("a window's times need a time zone")
        if self.starts >= self.ends:
            raise ValueError("a window ends after it starts")

    def is_open(self, moment: datetime) -> bool:
        """Whether `moment` lies in the window: its start does, its end does not."""
        return self.starts <= moment < self.ends


@dataclass(frozen=True, slots=True)
class Pin:
    """A decision that was overruled: no agent takes it again (`Subject.decides` of that decision type)."""

    decision_type: str
    decides: str
    by: str
    reason: str
    name: str | None = None


class Autonomy(StrEnum):
    """How far an agent acts by itself: it only suggests, it asks before everything, or as the matrix rules."""

    SUGGEST = "suggest"
    ASK = "ask"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Pause:
    """An agent that nothing new is begun by. `until` is when that ends by itself, if it does."""

    agent: str
    by: str
    reason: str
    since: datetime
    name: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An agent that acts less by itself than the matrix lets it."""

    agent: str
    autonomy: Autonomy
    by: str
    reason: str
    name: str | None = None


def agent_label(agent: str) -> str:
    """An agent's role as it stands in a sentence: `backend engineer`, `ML engineer`, `SRE`."""
    return " ".join(word.upper() if word in _ACRONYMS else word for word in agent.split("_"))


_ACRONYMS = frozenset({"ml", "qa", "sre"})


@dataclass(frozen=True, slots=True)
class Standing:
    """All that stands. Windows and emergency deployments may be past or to come: ask with a moment."""

    halt: Halt | None = None
    freezes: tuple[Freeze, ...] = ()
    emergencies: tuple[EmergencyDeployment, ...] = ()
    windows: tuple[Window, ...] = ()
    pins: tuple[Pin, ...] = ()
    pauses: tuple[Pause, ...] = ()
    narrowed: tuple[Narrowed, ...] = ()

    def pause_of(self, actor: Actor) -> Pause | None:
        """The pause of this agent, or None."""
        return next((one for one in self.pauses if (actor.kind, actor.id) == ("agent", one.agent)), None)

    def autonomy_of(self, actor: Actor) -> Narrowed | None:
        """How this agent's autonomy is narrowed, or None."""
        return next((one for one in self.narrowed if (actor.kind, actor.id) == ("agent", one.agent)), None)

    def freeze_over(self, subject: Subject, decision_type: str) -> Freeze | None:
        """The first freeze that reaches such an action, or None."""
        return next((freeze for freeze in self.freezes if freeze.covers(subject, decision_type)), None)

    def window(self, mode: WindowMode, moment: datetime) -> Window | None:
        """The open window of that mode (of several, the one that ends last), or None."""
        open_now = [window for window in self.windows if window.mode is mode and window.is_open(moment)]
        return max(open_now, key=lambda window: window.ends, default=None)

    def modes(self, moment: datetime) -> frozenset[WindowMode]:
        """The modes that are on."""
        return frozenset(window.mode for window in self.windows if window.is_open(moment))

    def emergency_for(self, subject: Subject, moment: datetime) -> EmergencyDeployment | None:
        """The emergency deployment that covers this subject and has not expired, or None."""
        for emergency in self.emergencies:
            if subject.decides == emergency.decides and moment < emergency.expires:
                return emergency
        return None

    def pin_on(self, subject: Subject, decision_type: str) -> Pin | None:
        """The overruled decision that such an action would take again, or None."""
        for pin in self.pins:
            if pin.decision_type == decision_type and pin.decides == subject.decides:
                return pin
        return None

"""What outranks what: the one table of what stands above the matrix, whom it binds, and who is exempt.

An action passes the layers from the top; the first that has something to say rules. Nothing in this
table ever permits: a bar refuses (that of `ask` has people asked first), an exemption only lets the action
on to the next layer. The one thing that loosens is an emergency deployment, and it stands in for an
approval, never for more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """The order in which an action is ruled on, once it is known what it is and that it can be recorded."""

    HALT = "halt"
    FREEZE = "freeze"
    PAUSE = "pause"
    PIN = "pin"
    PEOPLE_ONLY = "people_only"
    WINDOW = "window"
    EMERGENCY = "emergency"
    BLACKOUT = "blackout"
    APPROVAL = "approval"
    AUTO = "auto"


class Bound(StrEnum):
    """Whom a bar binds."""

    EVERYBODY = "everybody"
    AUTOMATION = "automation"
    """Agents and the system, for whomever they act."""
    SELF_STARTED = "self_started"
    """Agents and the system where nobody asked for it."""
    ALL_BUT_SRE = "all_but_sre"
    """Everybody who is not an SRE lead, and every agent that does not act for one."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """These decisions go on to the next layer, for those bound in `who`, if `fact` is known to be true."""

    decisions: frozenset[str]
    fact: str | None = None
    who: Bound = Bound.EVERYBODY


@dataclass(frozen=True, slots=True)
class Bar:
    """While `rule` stands, `who` is refused `decisions` (None: all). `spares_in_flight`: new ones only."""

    rule: str
    who: Bound
    decisions: frozenset[str] | None = None
    spares_in_flight: bool = False
    exempt: tuple[Exemption, ...] = ()


_GOVERNING = frozenset({"override", "window"})
_ROLLBACKS = frozenset({"rollbacks"})
_CANARY_ABORTS = frozenset({"canary_abort"})
_OPERATING = frozenset({"deployments", "rollbacks", "resource_scaling", "service_protection", "canary_steps"})
_RELEASING = frozenset({"deployments", "canary_steps"})
_REMEDIES = _OPERATING - {"deployments"}
_PUT_TO_PEOPLE = frozenset({"plan_execution", "plan_change"})
_INCIDENTS_ROLLBACK = Exemption(_ROLLBACKS, fact="in_incident")

BARS: tuple[Bar, ...] = (
    Bar("halt", Bound.AUTOMATION),
    Bar("halt", Bound.EVERYBODY, frozenset({"plan_execution"})),
    Bar(
        "freeze",
        Bound.EVERYBODY,
        exempt=(
            Exemption(_GOVERNING),
            Exemption(_CANARY_ABORTS),
            Exemption(_ROLLBACKS, fact="previously_approved"),
        ),
    ),
    Bar("pause", Bound.AUTOMATION, exempt=(Exemption(_CANARY_ABORTS), Exemption(_PUT_TO_PEOPLE))),
    Bar("pin", Bound.AUTOMATION),
    Bar(
        "window.incident",
        Bound.ALL_BUT_SRE,
        _OPERATING,
        exempt=(Exemption(_REMEDIES, fact="in_incident", who=Bound.SELF_STARTED),),
    ),
    Bar("window.planning", Bound.AUTOMATION, exempt=(_INCIDENTS_ROLLBACK,)),
    Bar("window.demo", Bound.SELF_STARTED, spares_in_flight=True, exempt=(_INCIDENTS_ROLLBACK,)),
    Bar("window.demo", Bound.EVERYBODY, frozenset({"policy_change"})),
    Bar("suggest", Bound.AUTOMATION, exempt=(Exemption(_CANARY_ABORTS), Exemption(_PUT_TO_PEOPLE))),
    Bar("ask", Bound.AUTOMATION, exempt=(Exemption(_CANARY_ABORTS),)),
    Bar("blackout", Bound.EVERYBODY, _RELEASING, exempt=(Exemption(_RELEASING, fact="outside_blackout"),)),
)
"""Reasons, bar by bar.

halt: agents stand still, in flight or not. A person's own action goes through, a plan's start aside, for
that sets agents to work.
freeze: binds people and agents, and outranks an emergency deployment. Overrides and windows pass, for
otherwise nobody could lift it; so does a rollback to a version that was approved before, and ending a canary,
which is one.
pause: of one agent: what it would do waits. A plan that it had drafted by then is put to people all the same,
and ending a canary, which sends all traffic back, is not kept waiting by anything below a halt.
pin: what a director overruled is not decided again by an agent; a person may.
window.incident: the SRE lead alone operates, and who acts for them; what the monitoring starts by itself
to remedy the incident goes on. Others wait. Where it overlaps planning or demo, it alone rules on these
decisions.
window.planning: agents read, and write nothing, an incident's rollback aside.
window.demo: nothing starts by itself; what already runs ends. The policy stays as it is.
suggest, ask: of one agent, and no layer of the order above: they look at what all layers came to and take from
that. On suggest people take over what would be done or approved; a plan is a suggestion as it stands, and what
it begins is ruled on step by step. On ask people approve what would be done by itself, in an emergency too.
blackout: nothing new reaches production while the department's file says so, approved or not; an emergency
deployment outranks it. Rollbacks and ending a canary are not bound.
An audit window bars nothing: it lets auditors read (see `governance/permissions.py`).
"""

PAUSE, SUGGEST = "pause", "suggest"
"""The rules of rulings that refuse an agent that is paused, and one that only suggests."""

INCIDENT_GOVERNS = _OPERATING
"""Decisions for which an open incident window is the only window that rules."""

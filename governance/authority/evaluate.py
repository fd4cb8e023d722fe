"""The evaluator: what the matrix, and what stands above it, say of one action.

Pure and total: every request gets a ruling, and what is unknown never loosens one.

It reads no row and takes no lock. The gate hands in what stands and what the facts are, and asks again at the
claim of an effect, under the fence: a ruling says what holds at its moment and is no leave to act; a Grant is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from governance.action import ApprovalTerms, Ruling, Verdict
from governance.authority import explain
from governance.authority.policy import Policy
from governance.authority.policy_error import PolicyError
from governance.authority.precedence import BARS, INCIDENT_GOVERNS, PAUSE, SUGGEST, Bar, Bound, Layer
from governance.authority.request import Request
from governance.authority.rows import Column, Row
from governance.authority.vocabulary import Reading, read
from governance.people import Role
from governance.standing import Autonomy, Window, WindowMode

CONFIGURATION = "agent_configuration"
"""The row whose voters are asked where an agent asks first and its action's own row has none."""


def rule(policy: Policy | PolicyError, request: Request) -> Ruling:
    """Rule on one action. Never raises; an unreadable policy, handed in as its error, refuses."""
    if isinstance(policy, PolicyError):
        return Ruling(Verdict.REFUSE, "policy_unreadable", explain.unreadable(policy), "unreadable")
    row = policy.rows.get(request.decision_type)
    unfit = explain.unfit(row, request)
    if row is None or unfit is not None:
        return Ruling(Verdict.REFUSE, *(unfit or explain.NO_ROW), policy.version)
    readings = read(request.facts, request.asked_by)
    doubts = explain.doubts(row, readings)
    column = row.column(readings)
    if column is None and row.elsewhere is not None:
        row = policy.rows[row.elsewhere]
        doubts += explain.doubts(row, readings)
        column = row.column(readings)
    case = _Case(policy.version, request, readings, row, column, doubts, policy.rows.get(CONFIGURATION))
    # `Layer` is in order of precedence, and the first to speak rules: an override that stands below people-only
    # and windows pierces neither, whatever it says. Lazy, so that a later layer cannot answer for an earlier.
    rulings = (_LAYERS[layer](case) for layer in Layer)
    return _narrowed(case, next((ruling for ruling in rulings if ruling is not None), case.no_column()))


@dataclass(frozen=True, slots=True)
class _Case:
    """A request beside the row and column that would rule it if nothing stood above the matrix; `configuration`
    is the row of agents' settings."""

    version: str
    request: Request
    readings: Mapping[str, Reading]
    row: Row
    column: Column | None
    doubts: str
    configuration: Row | None

    def no_column(self) -> Ruling:
        return self.refuse("no_column", explain.no_column(self.row) + self.doubts)

    def refuse(self, rule_name: str, why: str, until: datetime | None = None) -> Ruling:
        return Ruling(Verdict.REFUSE, rule_name, why, self.version, until=until)

    def say(self, verdict: Verdict, layer: str, why: str, terms: ApprovalTerms | None = None) -> Ruling:
        return Ruling(verdict, f"{self.row.name}.{layer}", why + self.doubts, self.version, terms)

    def barred(self, rule_name: str) -> bool:
        """Whether a bar of this rule, which stands, binds this request."""
        return any(self._binds(bar) for bar in BARS if bar.rule == rule_name)

    def _binds(self, bar: Bar) -> bool:
        decision = self.request.decision_type
        if bar.decisions is not None and decision not in bar.decisions:
            return False
        if bar.spares_in_flight and self.request.in_flight:
            return False
        return self._is(bar.who) and not any(
            decision in exemption.decisions and self._is(exemption.who) and self._known(exemption.fact)
            for exemption in bar.exempt
        )

    def _is(self, who: Bound) -> bool:
        match who:
            case Bound.EVERYBODY:
                return True
            case Bound.AUTOMATION:
                return self.request.automation
            case Bound.SELF_STARTED:
                return self.request.self_started
            case Bound.ALL_BUT_SRE:
                return Role.SRE_LEAD not in self.request.requester_roles

    def _known(self, fact: str | None) -> bool:
        return fact is None or self.readings[fact] == frozenset(("true",))


def _narrowed(case: _Case, ruling: Ruling) -> Ruling:
    """The ruling on an agent that acts less by itself: what would be refused or left to people stays so, what
    would be done is asked for, or refused. There is no way here from a stricter verdict to a looser one.
    """
    narrowed = case.request.standing.autonomy_of(case.request.actor)
    if narrowed is None or not case.barred(narrowed.autonomy.value):
        return ruling
    if narrowed.autonomy is Autonomy.SUGGEST:
        goes = ruling.verdict in (Verdict.EXECUTE, Verdict.APPROVE_FIRST)
        return case.refuse(SUGGEST, explain.only_suggests(narrowed)) if goes else ruling
    if ruling.verdict is not Verdict.EXECUTE or case.request.approved:
        return ruling
    row = case.row if case.row.votes else case.configuration
    if row is None or not row.votes:
        return case.refuse("ask", explain.nobody_to_ask(narrowed))
    terms = row.terms(case.readings)
    return case.say(Verdict.APPROVE_FIRST, "ask", explain.asks_first(narrowed, case.row, terms), terms)


def _halt(case: _Case) -> Ruling | None:
    halt = case.request.standing.halt
    if halt is None or not case.barred("halt"):
        return None
    return case.refuse("halt", explain.halted(halt))


def _freeze(case: _Case) -> Ruling | None:
    request = case.request
    freeze = request.standing.freeze_over(request.subject, request.decision_type)
    if freeze is None or not case.barred("freeze"):
        return None
    return case.refuse("freeze", explain.frozen(freeze))


def _pause(case: _Case) -> Ruling | None:
    pause = case.request.standing.pause_of(case.request.actor)
    if pause is None or not case.barred(PAUSE):
        return None
    return case.refuse(PAUSE, explain.paused(pause), until=pause.until)


def _pin(case: _Case) -> Ruling | None:
    pin = case.request.standing.pin_on(case.request.subject, case.request.decision_type)
    if pin is None or not case.barred("pin"):
        return None
    return case.refuse("pin", explain.overruled(pin))


def _people_only(case: _Case) -> Ruling | None:
    """Refuses what the row's guard forbids, and leaves to people what is for people only."""
    guard = case.row.guard
    if guard is not None and guard.holds(case.readings) is not True:
        return case.refuse(f"{case.row.name}.guard", explain.guarded(case.row, guard, case.readings))
    if case.column is not Column.PEOPLE_ONLY or not case.request.asked_by.isdisjoint(case.row.in_person):
        return None
    why = explain.for_people(case.row)
    return case.say(Verdict.PEOPLE_ONLY, "people_only", why, case.row.people())


def _window(case: _Case) -> Ruling | None:
    window = _barring_window(case)
    if window is None:
        return None
    why = explain.windowed(window, case.row, waits=case.request.in_flight)
    return case.refuse(f"window.{window.mode}", why, until=window.ends)


def _barring_window(case: _Case) -> Window | None:
    """The incident window where it governs the decision; otherwise the first other one that bars it."""
    request = case.request
    incident = request.standing.window(WindowMode.INCIDENT, request.moment)
    if incident is not None and request.decision_type in INCIDENT_GOVERNS:
        return incident if case.barred("window.incident") else None
    for mode in (WindowMode.PLANNING, WindowMode.DEMO):
        window = request.standing.window(mode, request.moment)
        if window is not None and case.barred(f"window.{mode}"):
            return window
    return None


def _emergency(case: _Case) -> Ruling | None:
    request = case.request
    emergency = request.standing.emergency_for(request.subject, request.moment)
    if emergency is None or case.column is not Column.APPROVAL or request.decision_type != "deployments":
        return None
    return case.say(Verdict.EXECUTE, "emergency", explain.emergency(emergency))


def _blackout(case: _Case) -> Ruling | None:
    if not case.barred("blackout"):
        return None
    return case.refuse("blackout", explain.blacked_out(case.row, case.request.facts.get("blackout")))


def _approval(case: _Case) -> Ruling | None:
    if case.column is not Column.APPROVAL:
        return None
    terms = case.row.terms(case.readings)
    if case.request.approved:
        return case.say(Verdict.EXECUTE, "approval", explain.approved(case.row), terms)
    return case.say(Verdict.APPROVE_FIRST, "approval", explain.to_approve(case.row, terms), terms)


def _auto(case: _Case) -> Ruling | None:
    if case.column is Column.PEOPLE_ONLY:
        return case.say(Verdict.EXECUTE, "people_only", explain.in_person(case.row))
    if case.column is Column.AUTO:
        return case.say(Verdict.EXECUTE, "auto", explain.by_itself(case.row))
    return None


_LAYERS: Mapping[Layer, Callable[[_Case], Ruling | None]] = {
    Layer.HALT: _halt,
    Layer.FREEZE: _freeze,
    Layer.PAUSE: _pause,
    Layer.PIN: _pin,
    Layer.PEOPLE_ONLY: _people_only,
    Layer.WINDOW: _window,
    Layer.EMERGENCY: _emergency,
    Layer.BLACKOUT: _blackout,
    Layer.APPROVAL: _approval,
    Layer.AUTO: _auto,
}

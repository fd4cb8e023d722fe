"""The sentences of rulings: what was ruled, by what, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from governance.action import ApprovalTerms
from governance.authority.conditions import All, comparisons, unreliable
from governance.authority.policy_error import PolicyError
from governance.authority.request import Request
from governance.authority.rows import Row
from governance.authority.vocabulary import FACTS, Reading
from governance.moments import end_words, moment_words
from governance.people import Role
from governance.standing import (
    EmergencyDeployment,
    Freeze,
    Halt,
    Narrowed,
    Pause,
    Pin,
    Window,
    WindowMode,
    agent_label,
)

NO_ROW = ("no_row", "The authority matrix has no row for this, so it may not be done.")


def labels(roles: Iterable[str]) -> str:
    """Roles as people say them, in the order of `Role`: `product owner or SRE lead`."""
    held = frozenset(roles)
    names = [role.label for role in Role if role in held]
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def unreadable(error: PolicyError) -> str:
    """Why nothing is ruled at all."""
    return f"The authority matrix cannot be read ({error}), so nothing may be done."


def unfit(row: Row | None, request: Request) -> tuple[str, str] | None:
    """Why a request cannot even be looked at, as (rule, why): unrecordable, unknown, or from nobody."""
    if not request.audit_writable:
        return "audit_unwritable", "The audit log cannot be written, so nothing may be done."
    belongs = request.known_types.get(request.action_type)
    if belongs is None:
        return "unknown_action", f"Nothing here knows how to do `{request.action_type}`."
    if belongs != request.decision_type:
        return (
            "unknown_action",
            f"`{request.action_type}` belongs to `{belongs}`, not `{request.decision_type}`.",
        )
    if not request.is_agents:
        return (
            "not_its_role",
            f"This is not for the {request.actor.id} agent to propose: its role does not have it.",
        )
    if row is None:
        return NO_ROW
    if request.actor.requester is not None and not request.requester_roles:
        return "unknown_person", "Whoever asks for this, or has an agent ask, holds no role in the department."
    return None


def doubts(row: Row, readings: Mapping[str, Reading]) -> str:
    """What could not be established, as a sentence to follow another one; empty if all is known."""
    reasons = row.doubts(readings)
    if not reasons:
        return ""
    return f" Ruled as strictly as it can be, for {'; '.join(reasons)}."


def no_column(row: Row) -> str:
    """Why something is refused that is neither allowed by itself nor up to anybody's approval."""
    return f"{row.title}: nobody may approve this here, and it is not certain that it may go by itself."


def halted(halt: Halt) -> str:
    """Why an agent, or what sets agents to work, is refused during a halt."""
    who = halt.name or halt.by
    return f"All agents are halted by {who} ({halt.reason}); somebody else has to let them go on."


def frozen(freeze: Freeze) -> str:
    """Why something is refused during a freeze."""
    return f"The {freeze.by_role.label} {freeze.name or freeze.by} froze {freeze.describe()} ({freeze.reason})."


def paused(pause: Pause) -> str:
    """Why an agent does nothing for now."""
    why = f" ({pause.reason})" if pause.reason else ""
    ends = f"until {end_words(pause.until)}" if pause.until else "until somebody lets it go on"
    who = pause.name or pause.by
    return f"The {agent_label(pause.agent)} agent is paused by {who}{why}: this waits {ends}."


def only_suggests(narrowed: Narrowed) -> str:
    """Why an agent does not do something itself."""
    return f"{_narrowed(narrowed, 'only suggests')}: a person takes over what it would do."


def nobody_to_ask(narrowed: Narrowed) -> str:
    """Why an agent that has to ask does not do something."""
    return f"{_narrowed(narrowed, 'asks first')}, and the matrix names nobody who could approve this."


def asks_first(narrowed: Narrowed, row: Row, terms: ApprovalTerms) -> str:
    """Who has to approve what the matrix would let an agent do by itself."""
    return f"{_narrowed(narrowed, 'asks before everything')}. {to_approve(row, terms)}"


def _narrowed(narrowed: Narrowed, how: str) -> str:
    who = narrowed.name or narrowed.by
    return f"The {agent_label(narrowed.agent)} agent {how}, as {who} set it ({narrowed.reason})"


def overruled(pin: Pin) -> str:
    """Why an agent may not decide something again."""
    return f"{pin.name or pin.by} overruled this decision ({pin.reason}), so no agent takes it again."


def guarded(row: Row, guard: All, readings: Mapping[str, Reading]) -> str:
    """Why a row's guard refuses."""
    reasons = unreliable((guard,), readings)
    needed = " and ".join(FACTS[condition.fact].meaning for condition in comparisons(guard))
    return (
        f"{row.title}: refused, {'; '.join(reasons)}." if reasons else f"{row.title}: refused unless {needed}."
    )


def for_people(row: Row) -> str:
    """Who does what is for people only."""
    return f"{row.title} is for people only here: the {labels(row.in_person)} does it in person."


def in_person(row: Row) -> str:
    """Why a person goes through in a people-only row."""
    return f"{row.title} is for people only here, and the {labels(row.in_person)} asks in person."


_WINDOWS = {
    WindowMode.INCIDENT: "During incident response the SRE lead alone does this",
    WindowMode.PLANNING: "During planning agents only read",
    WindowMode.DEMO: "During a demo nothing starts by itself and the policy stays as it is",
}


def windowed(window: Window, row: Row, *, waits: bool) -> str:
    """Why something is not done before a window's end: it `waits` if it was set going before, else it is
    refused and asked for again."""
    ends = moment_words(window.ends)
    if waits:
        return f"{_WINDOWS[window.mode]}. {row.title}: this waits until the window ends at {ends}."
    return f"{_WINDOWS[window.mode]}. {row.title}: ask for this again when the window has ended, at {ends}."


def blacked_out(row: Row, blackout: object) -> str:
    """Why something new is kept from production: the blackout in words, where it is known which."""
    which = f" ({blackout})" if isinstance(blackout, str) else ", as far as can be told"
    return (
        f"{row.title}: a blackout of releases is on{which}, in which nothing new reaches production by itself."
        " An emergency deployment goes past it."
    )


def emergency(override: EmergencyDeployment) -> str:
    """Why a deployment goes without its approval."""
    who = override.name or override.by
    return f"{who} deploys in an emergency ({override.reason}); a review follows within 24 hours."


def approved(row: Row) -> str:
    """Why an approved action goes."""
    return f"{row.title}: the approval that this needs was given."


def to_approve(row: Row, terms: ApprovalTerms) -> str:
    """Who has to approve."""
    slots = [labels(slot.roles) for slot in terms.slots]
    if len(slots) > 1 and len(set(slots)) == 1:
        who = f"{len(slots)} people, each {slots[0]},"
    else:
        who = " and ".join(f"the {slot}" for slot in slots)
    plural = "have" if len(slots) > 1 else "has"
    rest = "the requester may be one of them" if terms.requester_may_vote else "never the requester"
    return f"{row.title}: {who} {plural} to approve it first ({rest})."


def by_itself(row: Row) -> str:
    """Why an action goes without anybody's approval."""
    return f"{row.title} goes without approval here."

"""Generated requests, facts and things that stand, for the properties of the evaluator."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from governance.action import Subject
from governance.authority.vocabulary import Unestablished
from governance.people import Actor, Role
from governance.standing import (
    Autonomy,
    EmergencyDeployment,
    Freeze,
    FreezeKind,
    Halt,
    Narrowed,
    Pause,
    Pin,
    Standing,
    Window,
    WindowMode,
)
from tests.governance.authority.asking import HOUR, NOW, POLICY, request
from tests.governance.authority.reference import COMPLIANCE, DOMAIN, SRE

EDGES = [
    Decimal(x) for x in ("0", "0.01", "999.98", "999.99", "1000", "1000.01", "9999.99", "10000", "10000.01")
]
SUMS = (Decimal(0), Decimal(600))
MISSING = object()
money = st.sampled_from(EDGES) | st.decimals(0, 20_000, places=2)


def values_of(name):
    """Values of one fact of the vocabulary."""
    return money if isinstance(DOMAIN[name][0], Decimal) else st.sampled_from(DOMAIN[name])


facts_ = st.fixed_dictionaries({}, optional={name: values_of(name) for name in DOMAIN})
roles = st.sets(st.sampled_from(list(Role)), min_size=1, max_size=3).map(frozenset)
people = st.builds(lambda held: (Actor("person", "p"), held), roles)
agents = st.builds(lambda held: (Actor("agent", "a", on_behalf_of="p"), held), roles)
alone = st.sampled_from([(Actor("agent", "a"), frozenset()), (Actor("system", "clock"), frozenset())])
decisions = st.sampled_from(sorted(POLICY.rows))


@st.composite
def requests(draw, facts=facts_):
    """Requests by anybody for any decision while nothing stands."""
    actor, held = draw(people | agents | alone)
    asked = request(
        draw(decisions), facts=draw(facts), in_flight=draw(st.booleans()), approved=draw(st.booleans())
    )
    return replace(asked, actor=actor, requester_roles=held)


kinds = st.sampled_from(list(FreezeKind))
scopes = st.sampled_from(["orders", "P-1", "deployments", "rollbacks", "story_creation"])
halts = st.just(Halt("amanda", "loop", NOW))
freezes = st.builds(
    Freeze, kinds, scopes, st.just("carlos"), st.sampled_from([COMPLIANCE, SRE]), st.just("leak"), st.just(NOW)
)
pins = st.builds(Pin, decisions, st.sampled_from(["orders 2.3.1", "else"]), st.just("amanda"), st.just("no"))
windows = st.builds(
    lambda mode, since, until: Window(mode, NOW + since * HOUR, NOW + until * HOUR, "amanda"),
    st.sampled_from(list(WindowMode)),
    st.integers(-3, 1),
    st.integers(2, 4),
)
emergencies = st.builds(
    lambda decides, hours: EmergencyDeployment("nathan", decides, "down", NOW + hours * HOUR),
    st.sampled_from(["orders 2.3.1", "else"]),
    st.integers(-1, 1),
)
pauses = st.builds(Pause, st.sampled_from(["a", "else"]), st.just("amanda"), st.just("loop"), st.just(NOW))
narrowings = st.builds(
    Narrowed,
    st.sampled_from(["a", "else"]),
    st.sampled_from([Autonomy.SUGGEST, Autonomy.ASK]),
    st.just("amanda"),
    st.just("new"),
)
standings = st.builds(
    Standing,
    halt=st.none() | halts,
    freezes=st.lists(freezes, max_size=2).map(tuple),
    emergencies=st.lists(emergencies, max_size=2).map(tuple),
    windows=st.lists(windows, max_size=3).map(tuple),
    pins=st.lists(pins, max_size=2).map(tuple),
    pauses=st.lists(pauses, max_size=1).map(tuple),
    narrowed=st.lists(narrowings, max_size=1).map(tuple),
)


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.decimals(),
    st.builds(Unestablished, st.text()),
)
subjects = st.builds(
    Subject, st.text(max_size=3), st.none() | st.text(max_size=3), st.none() | scopes, st.none() | scopes
)

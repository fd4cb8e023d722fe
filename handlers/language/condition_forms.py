"""The forms that conditions come in: which words make one up, and which comparison it is.

A form is free of word order and closed: it needs one word of each of its kinds, and every other word has to be of
a kind that it allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from governance.authority.conditions import All, AnyOf, Condition, Operator, Term, negated
from handlers.language.condition_times import Said
from handlers.language.condition_tokens import Token


@dataclass(frozen=True, slots=True)
class Several:
    """Things of one kind that were listed: all of them, or any one."""

    every: bool
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """The words of a form by their kinds. `sure` unless a word only may have that meaning."""

    values: Mapping[str, tuple[object, ...]]
    sure: bool
    explained: int
    texts: Mapping[str, str] = field(default_factory=dict)

    def one(self, *tags: str) -> object:
        """The one value of these kinds; None if there are several, or none."""
        found = [value for tag in tags for value in self.values.get(tag, ())]
        return found[0] if len(found) == 1 else None

    def has(self, *tags: str) -> bool:
        """Whether there is a word of one of these kinds."""
        return any(tag in self.values for tag in tags)


Build = Callable[[Filled, bool], Term | None]
"""The comparison that the words make up; the flag is false where a word like “fails” denies it. None if they
make up none after all."""


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of condition on one fact."""

    facts: tuple[str, ...]
    needs: tuple[frozenset[str], ...]
    build: Build
    may: frozenset[str] = frozenset()
    denies: frozenset[str] = frozenset()
    proposed: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of words that it needs."""
        return frozenset().union(*self.needs)

    def fill(self, tokens: Sequence[Token], *, closed: bool) -> Filled | None:
        """The form with these words in it, None where one that it needs is missing; if `closed`, nothing may
        be said that it does not allow."""
        wanted = self.kinds
        values: dict[str, tuple[object, ...]] = {}
        texts: dict[str, str] = {}
        sure, explained = True, 0
        for token in tokens:
            found = token.meaning(wanted) or token.meaning(self.may) or token.meaning(ANYWHERE)
            if found is None or (closed and found.proposed):
                if closed:
                    return None
                sure = False
                if found is None:
                    continue
            sure &= not found.proposed
            explained += found.tag not in ANYWHERE
            values[found.tag] = (*values.get(found.tag, ()), found.value)
            texts[found.tag] = token.text
        if any(need.isdisjoint(values) for need in self.needs):
            return None
        return Filled(values, sure and not self.proposed, explained, texts)

    def read(self, filled: Filled) -> Term | None:
        """The comparison that the filled form is, its own words of denial in it, negations not."""
        denied = sum(len(filled.values.get(tag, ())) for tag in self.denies)
        return self.build(filled, denied % 2 == 0)


ANYWHERE = frozenset(
    {"fill", "any", "all", "from", "neg", "if", "only", "unless", "after", "but", "both", "either"}
)
"""Kinds of words that may stand in every form: they are counted apart, or say nothing."""


def _yes(holds: bool) -> tuple[str, ...]:
    return ("true" if holds else "false",)


def _fact(fact: str, of: str = "") -> Build:
    """A fact that is or is not so; `of` is the kind of word that says of what."""

    def build(filled: Filled, holds: bool) -> Term | None:
        if not of or not filled.has(of):
            return Condition(fact, "is", _yes(holds))
        return _each(filled.values[of], lambda value: Condition(fact, "is", _yes(holds), str(value)))

    return build


def _each(values: Sequence[object], build: Callable[[object], Term]) -> Term | None:
    """One condition for each thing that was listed; None where several stand there without a list."""
    if len(values) != 1:
        return None
    (value,) = values
    if not isinstance(value, Several):
        return build(value)
    parts = tuple(build(one) for one in value.values)
    return All(parts) if value.every else AnyOf(parts)


def _tests(filled: Filled, holds: bool) -> Term | None:
    if filled.has("suite") and filled.has("service"):
        return None
    of = "suite" if filled.has("suite") else "service"
    return _fact("tests_passed", of)(filled, holds)


def _review(filled: Filled, holds: bool) -> Term | None:
    if filled.one("kind") == "code" and not filled.has("review", "looked"):
        return None
    return _fact("review_done", "kind")(filled, holds)


def _load_test(filled: Filled, holds: bool) -> Term | None:
    factor = filled.one("factor")
    of = f"{factor:f}x" if isinstance(factor, Decimal) else ""
    return Condition("load_test_passed", "is", _yes(holds), of)


def _environment(filled: Filled, holds: bool) -> Term | None:
    return _each(filled.values["env"], lambda value: Condition("environment", "is", (str(value),)))


def _weekday(filled: Filled, holds: bool) -> Term | None:
    if filled.has("weekend"):
        return Condition("weekday", "is", ("saturday", "sunday"))
    return _each(filled.values["weekday"], lambda value: Condition("weekday", "is", (str(value),)))


def _time(filled: Filled, holds: bool) -> Term | None:
    said = filled.one("moment")
    if not isinstance(said, Said) or said.doubtful:
        return None
    if filled.has("before"):
        return Condition("time", "<", said.at)
    if filled.has("by"):
        return Condition("time", "<", said.ends)
    return Condition("time", ">=", said.at if filled.has("from") else said.ends)


def _doubtful_time(filled: Filled, holds: bool) -> Term | None:
    said = filled.one("moment")
    if not isinstance(said, Said):
        return None
    values = {**filled.values, "moment": (Said(said.at, said.ends),)}
    return _time(Filled(values, False, 0), holds)


def _span(filled: Filled, holds: bool) -> Term | None:
    found = filled.one("span")
    if not isinstance(found, tuple) or any(said.doubtful for said in found):
        return None
    begins, ends = found
    return All((Condition("time", ">=", begins.at), Condition("time", "<", ends.at)))


def _day(filled: Filled, holds: bool) -> Term | None:
    said = filled.one("moment")
    if (
        not isinstance(said, Said)
        or said.doubtful
        or said.weekday
        or said.at == said.ends
        or filled.has("from", "after")
    ):
        return None
    through = Condition("time", "<", said.ends)
    return through if said.today else All((Condition("time", ">=", said.at), through))


def _said_by(fact: str, tag: str) -> Build:
    def build(filled: Filled, holds: bool) -> Term | None:
        return _each(filled.values["person"], lambda value: Condition(fact, "is", _yes(holds), str(value)))

    return build


def _amount(fact: str, *units: str, of: str = "", limit: Operator | None = None) -> Build:
    """A number with its unit compared, by `limit` where nothing says how; `of` is the kind of word that says of
    what."""

    def build(filled: Filled, holds: bool) -> Term | None:
        value, operator, subject = filled.one(*units), filled.one("cmp") or limit, filled.one(of) if of else ""
        if not isinstance(value, Decimal) or operator is None or subject is None:
            return None
        return Condition(fact, _OPERATORS[str(operator)], value, str(subject))

    return build


_OPERATORS: Mapping[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _canary_healthy(filled: Filled, holds: bool) -> Term | None:
    minutes = filled.one("minutes")
    if not isinstance(minutes, Decimal):
        hours = filled.one("number")
        if not isinstance(hours, Decimal) or not filled.has("hour"):
            return None
        minutes = hours * 60
    return Condition("canary_healthy", "is", _yes(holds), f"{minutes:f}m")


def _frozen(filled: Filled, holds: bool) -> Term | None:
    of = next((tag for tag in ("service", "env", "what") if filled.has(tag)), None)
    if of is None or sum(filled.has(tag) for tag in ("service", "env", "what")) > 1:
        return None
    return _each(filled.values[of], lambda value: Condition("frozen", "is", _yes(holds), str(value)))


def _frozen_production(filled: Filled, holds: bool) -> Term | None:
    return _frozen(filled, holds) or Condition("frozen", "is", _yes(holds), "production")


def _incident(filled: Filled, holds: bool) -> Term | None:
    services = filled.values.get("service", ("any",))
    return _each(services, lambda value: Condition("incident_open", "is", _yes(holds), str(value)))


def _findings(filled: Filled, holds: bool) -> Term | None:
    if not filled.has("finding", "open", "closed") and not filled.texts["severity"].endswith("s"):
        return None
    service = filled.one("service") or ""
    operator: Operator = ">" if holds else "<="

    def one(value: object) -> Term:
        return Condition("open_findings", operator, Decimal(0), f"{value} {service}".strip())

    (found, *others) = filled.values["severity"]
    if isinstance(found, Several):  # no high and critical ones: none of either
        return AnyOf(tuple(map(one, found.values))) if holds else All(tuple(map(one, found.values)))
    return None if others else one(found)


def _window(filled: Filled, holds: bool) -> Term | None:
    if not filled.has("during", "outside") and "mod" not in filled.texts["mode"]:
        return None
    return _fact("window_open", "mode")(filled, holds)


def _in_environment(fact: str) -> Build:
    def build(filled: Filled, holds: bool) -> Term | None:
        service, where = filled.one("service"), filled.one("env")
        if service is None or where is None or isinstance(service, Several) or isinstance(where, Several):
            return None
        of = f"{service} {where}"
        if fact == "deployed":
            return Condition(fact, "is", _yes(holds), of)
        return Condition(fact, ">=", (str(filled.one("version")),), of)

    return build


def _kinds(*needs: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(need.split("|")) for need in needs)


def _tags(said: str) -> frozenset[str]:
    return frozenset(said.split())


FORMS: tuple[Form, ...] = (
    Form(("tests_passed",), _kinds("test|suite", "green|red"), _tests, _tags("service"), _tags("red")),
    Form(("review_done",), _kinds("kind", "done|looked|missing"), _review, _tags("review"), _tags("missing")),
    Form(("review_done",), _kinds("kind", "approve|green"), _review, _tags("review"), proposed=True),
    Form(("load_test_passed",), _kinds("load", "green|survive|red"), _load_test, _tags("factor test"), _tags("red")),
    Form(
        ("load_test_passed",), _kinds("factor", "test", "green|survive|red"), _load_test, frozenset(), _tags("red"),
        proposed=True,
    ),
    Form(
        ("scan_clean",), _kinds("scan", "green|clean|finds|red"), _fact("scan_clean"), _tags("finding kind"),
        _tags("finds red"),
    ),
    Form(("breaking",), _kinds("breaks|compat"), _fact("breaking"), _tags("api"), _tags("compat")),
    Form(("breaking",), _kinds("breakverb", "api"), _fact("breaking")),
    Form(("touches_pii",), _kinds("touches", "pii"), _fact("touches_pii")),
    Form(("touches_pii",), _kinds("pii"), _fact("touches_pii"), proposed=True),
    Form(("environment",), _kinds("env"), _environment, _tags("go")),
    Form(("weekday",), _kinds("weekday|weekend"), _weekday, _tags("go during")),
    Form(("time",), _kinds("moment", "before|after|by|from"), _time, _tags("go done live")),
    Form(("time",), _kinds("moment", "before|after|by|from"), _doubtful_time, _tags("go done"), proposed=True),
    Form(("time",), _kinds("span"), _span, _tags("go done")),
    Form(("time",), _kinds("moment"), _day, _tags("go during")),
    Form(("approved_by",), _kinds("person", "approve"), _said_by("approved_by", "approve"), _tags("by")),
    Form(("denied_by",), _kinds("person", "deny"), _said_by("denied_by", "deny"), _tags("by")),
    Form(("cost", "plan_cost"), _kinds("money", "cmp"), _amount("cost", "money"), _tags("cost stays")),
    Form(("cost", "plan_cost"), _kinds("number", "cmp", "cost"), _amount("cost", "number"), _tags("stays")),
    Form(
        ("cost", "plan_cost"), _kinds("number", "cmp"), _amount("cost", "number"), _tags("stays cost"), proposed=True
    ),
    Form(
        ("cost_per_month",), _kinds("money|number", "cmp", "month"), _amount("cost_per_month", "money", "number"),
        _tags("cost stays"),
    ),
    Form(("hours",), _kinds("number", "hour", "cmp"), _amount("hours", "number"), _tags("stays")),
    Form(("hours",), _kinds("hours", "cmp"), _amount("hours", "hours"), _tags("stays")),
    Form(("replicas",), _kinds("number", "replica", "cmp"), _amount("replicas", "number"), _tags("stays")),
    Form(("canary_share",), _kinds("percent", "canary", "cmp"), _amount("canary_share", "percent"), _tags("stays")),
    Form(
        ("canary_share",), _kinds("percent", "canary"), _amount("canary_share", "percent", limit="<="), proposed=True
    ),
    Form(
        ("canary_healthy",), _kinds("canary", "healthy", "minutes|number"), _canary_healthy, _tags("hour stays")
    ),
    *(
        Form((fact,), _kinds(unit, word, "service", "cmp"), _amount(fact, unit, of="service"), _tags("stays"))
        for fact, unit, word in (("error_rate", "percent", "errors"), ("cpu", "percent", "cpu"), ("p95", "ms", "p95"))
    ),
    Form(
        ("p95",), _kinds("number", "p95", "service", "cmp"), _amount("p95", "number", of="service"), _tags("stays"),
        proposed=True,
    ),
    Form(
        ("frozen",), _kinds("freeze|unfrozen"), _frozen, _tags("service env what over"), _tags("unfrozen over")
    ),
    Form(
        ("frozen",), _kinds("freeze|unfrozen"), _frozen_production, _tags("over"), _tags("unfrozen over"),
        proposed=True,
    ),
    Form(("incident_open",), _kinds("incident"), _incident, _tags("open closed service"), _tags("closed")),
    Form(
        ("open_findings",), _kinds("severity"), _findings, _tags("finding open closed service kind"), _tags("closed")
    ),
    Form(("window_open",), _kinds("mode"), _window, _tags("during outside"), _tags("outside")),
    Form(("done",), _kinds("item", "done|closed|open|missing"), _fact("done", "item"), frozenset(), _tags("open missing")),
    Form(("deployed",), _kinds("service", "live", "env"), _in_environment("deployed")),
    Form(("version",), _kinds("service", "version", "env", "cmp"), _in_environment("version"), _tags("live go")),
    Form(
        ("version",), _kinds("service", "version", "env"), _in_environment("version"), _tags("live go cmp"),
        proposed=True,
    ),
)  # fmt: skip
"""The product's closed list of forms. A `proposed` one leaves something open: it is asked about."""
_WITHOUT_AFTER = frozenset({"window_open", "environment", "weekday"})
_WITHOUT_ONLY = frozenset({"open_findings", "incident_open", "done", "deployed"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What words may mean: `sure` if the form explains each of them, and how many it explains."""

    term: Term
    facts: tuple[str, ...]
    sure: bool
    explained: int


def readings(tokens: Sequence[Token]) -> list[Reading]:
    """Every form that the words fill, negations counted, those that explain the most first."""
    found: list[Reading] = []
    for form in FORMS:
        for closed in (True, False):
            filled = form.fill(tokens, closed=closed)
            read = form.read(filled) if filled is not None else None
            if filled is None or read is None:
                continue
            negations = sum(len(filled.values.get(tag, ())) for tag in ("neg", "unless"))
            term = negated(read) if negations % 2 else read
            sure = filled.sure and closed and not _is_doubtful(form, filled, read, negations)
            found.append(Reading(term, form.facts, sure, filled.explained))
            break
    return sorted(found, key=lambda reading: (not reading.sure, -reading.explained))


def _is_doubtful(form: Form, filled: Filled, read: Term, negations: int) -> bool:
    """Whether words may be meant otherwise: “not A and B”, “after the demo”, “on Friday and Monday”."""
    lists = isinstance(read, All) and any(isinstance(v, Several) for vs in filled.values.values() for v in vs)
    if (
        lists
        and (negations % 2 or form.facts[0] in ("environment", "weekday"))
        and form.facts != ("open_findings",)
    ):
        return True
    if form.facts == ("tests_passed",) and (
        (filled.has("any") and filled.has("green")) or (filled.has("all") and filled.has("red"))
    ):
        return True
    if negations > 1 or (filled.has("after", "from") and form.facts[0] in _WITHOUT_AFTER):
        return True
    if filled.has("only") and form.facts[0] in _WITHOUT_ONLY:
        return True
    return filled.has("both", "either") and not any(
        isinstance(value, Several) for values in filled.values.values() for value in values
    )


def with_fact(term: Term, fact: str) -> Term:
    """The same comparison of another fact."""
    match term:
        case Condition():
            return Condition(fact, term.operator, term.value, term.of)
        case All(parts):
            return All(tuple(with_fact(part, fact) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(with_fact(part, fact) for part in parts))
    return term

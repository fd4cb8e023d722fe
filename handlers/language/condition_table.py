"""The product's closed list of forms that conditions come in, with the comparison that each of them is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from governance.authority.conditions import All, AnyOf, Condition, Operator, Term
from handlers.language.condition_forms import Build, Filled, Form, Several
from handlers.language.condition_times import Said


def _yes(holds: bool) -> tuple[str, ...]:
    return ("true" if holds else "false",)


def _each(values: Sequence[object], build: Callable[[object], Term]) -> Term | None:
    """One condition for each thing that was listed; None where several stand there without a list."""
    if len(values) != 1:
        return None
    (value,) = values
    if not isinstance(value, Several):
        return build(value)
    parts = tuple(build(one) for one in value.values)
    return All(parts) if value.every else AnyOf(parts)


def _fact(fact: str, of: str = "") -> Build:
    """A fact that is or is not so; `of` is the kind of word that says of what."""

    def build(filled: Filled) -> Term | None:
        said = _yes(filled.holds)
        if not of or not filled.has(of):
            return Condition(fact, "is", said)
        return _each(filled.values[of], lambda value: Condition(fact, "is", said, str(value)))

    return build


def _tests(filled: Filled) -> Term | None:
    if filled.has("suite") and filled.has("service"):
        return None
    return _fact("tests_passed", "suite" if filled.has("suite") else "service")(filled)


def _review(filled: Filled) -> Term | None:
    if filled.one("kind") != "security" and not filled.has("review", "looked", "approve", "green"):
        return None
    return _fact("review_done", "kind")(filled)


def _load_test(filled: Filled) -> Term:
    factor = filled.one("factor")
    of = f"{factor:f}x" if isinstance(factor, Decimal) else ""
    return Condition("load_test_passed", "is", _yes(filled.holds), of)


def _environment(filled: Filled) -> Term | None:
    return _each(filled.values["env"], lambda value: Condition("environment", "is", (str(value),)))


def _weekday(filled: Filled) -> Term | None:
    if filled.has("weekend"):
        return Condition("weekday", "is", ("saturday", "sunday"))
    return _each(filled.values["weekday"], lambda value: Condition("weekday", "is", (str(value),)))


def _time(filled: Filled) -> Term | None:
    said = filled.one("moment")
    return None if not isinstance(said, Said) or said.doubtful else _at(said, filled)


def _doubtful_time(filled: Filled) -> Term | None:
    said = filled.one("moment")
    return _at(said, filled) if isinstance(said, Said) else None


def _at(said: Said, filled: Filled) -> Term:
    if filled.has("before"):
        return Condition("time", "<", said.at)
    if filled.has("by"):
        return Condition("time", "<", said.ends)
    return Condition("time", ">=", said.at if filled.has("from") else said.ends)


def _span(filled: Filled) -> Term | None:
    found = filled.one("span")
    if not isinstance(found, tuple) or any(said.doubtful for said in found):
        return None
    begins, ends = found
    return All((Condition("time", ">=", begins.at), Condition("time", "<", ends.at)))


def _day(filled: Filled) -> Term | None:
    said = filled.one("moment")
    if not isinstance(said, Said) or said.doubtful or said.weekday or said.at == said.ends:
        return None
    if filled.has("from", "after"):
        return None
    through = Condition("time", "<", said.ends)
    return through if said.today else All((Condition("time", ">=", said.at), through))


def _amount(fact: str, *units: str, of: str = "", limit: Operator | None = None) -> Build:
    """A number with its unit compared, by `limit` where nothing says how; `of` is the kind of word that says of
    what."""

    def build(filled: Filled) -> Term | None:
        value, subjects = filled.one(*units), filled.values.get(of, ()) if of else ("",)
        operator = _OPERATORS.get(str(filled.one("cmp")), limit)
        if not isinstance(value, Decimal) or operator is None:
            return None
        return _each(subjects, lambda subject: Condition(fact, operator, value, str(subject)))

    return build


_OPERATORS: dict[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _canary_healthy(filled: Filled) -> Term | None:
    minutes, hours = filled.one("minutes"), filled.one("number")
    if not isinstance(minutes, Decimal):
        if not isinstance(hours, Decimal) or not filled.has("hour"):
            return None
        minutes = hours * 60
    return Condition("canary_healthy", "is", _yes(filled.holds), f"{minutes:f}m")


def _frozen(filled: Filled) -> Term | None:
    of = [tag for tag in ("service", "env", "what") if filled.has(tag)]
    return _fact("frozen", of[0])(filled) if len(of) == 1 else None


def _frozen_production(filled: Filled) -> Term:
    return _frozen(filled) or Condition("frozen", "is", _yes(filled.holds), "production")


def _incident(filled: Filled) -> Term | None:
    said = _yes(filled.holds)
    services = filled.values.get("service", ("any",))
    return _each(services, lambda value: Condition("incident_open", "is", said, str(value)))


def _findings(filled: Filled) -> Term | None:
    if not filled.has("finding", "open", "closed") and not filled.texts["severity"].endswith("s"):
        return None
    service = filled.one("service") or ""
    operator: Operator = ">" if filled.holds else "<="

    def one(value: object) -> Term:
        return Condition("open_findings", operator, Decimal(0), f"{value} {service}".strip())

    (found, *others) = filled.values["severity"]
    if isinstance(found, Several):  # no high and critical ones: none of either
        return AnyOf(tuple(map(one, found.values))) if filled.holds else All(tuple(map(one, found.values)))
    return None if others else one(found)


def _window(filled: Filled) -> Term | None:
    named = filled.has("during", "outside") or "mod" in filled.texts["mode"]
    return _fact("window_open", "mode")(filled) if named else None


def _in_environment(fact: str) -> Build:
    def build(filled: Filled) -> Term | None:
        service, where = filled.one("service"), filled.one("env")
        if service is None or where is None or filled.lists:
            return None
        if fact == "deployed":
            return Condition(fact, "is", _yes(filled.holds), f"{service} {where}")
        return Condition(fact, ">=", (str(filled.one("version")),), f"{service} {where}")

    return build


def _form(
    facts: str, needs: str, build: Build, may: str = "", denies: str = "", *, proposed: bool = False
) -> Form:
    """A form from its kinds of words: `|` between those of which one suffices."""
    kinds = tuple(frozenset(need.split("|")) for need in needs.split())
    return Form(
        tuple(facts.split("|")), kinds, build, frozenset(may.split()), frozenset(denies.split()), proposed
    )


_COST = "cost|plan_cost"
FORMS: tuple[Form, ...] = (
    _form("tests_passed", "test|suite green|red", _tests, "service", "red"),
    _form("review_done", "kind done|looked|missing", _review, "review", "missing"),
    _form("review_done", "kind approve|green", _review, "review", proposed=True),
    _form("load_test_passed", "load green|survive|red", _load_test, "factor test", "red"),
    _form("load_test_passed", "factor test green|survive|red", _load_test, "", "red", proposed=True),
    _form("scan_clean", "scan green|clean|finds|red", _fact("scan_clean"), "finding kind", "finds red"),
    _form("breaking", "breaks|compat", _fact("breaking"), "api", "compat"),
    _form("breaking", "breakverb api", _fact("breaking")),
    _form("touches_pii", "touches pii", _fact("touches_pii")),
    _form("touches_pii", "pii", _fact("touches_pii"), proposed=True),
    _form("environment", "env", _environment, "go"),
    _form("weekday", "weekday|weekend", _weekday, "go during"),
    _form("time", "moment before|after|by|from", _time, "go done live"),
    _form("time", "moment before|after|by|from", _doubtful_time, "go done", proposed=True),
    _form("time", "span", _span, "go done"),
    _form("time", "moment", _day, "go during"),
    _form("approved_by", "person approve", _fact("approved_by", "person"), "by"),
    _form("denied_by", "person deny", _fact("denied_by", "person"), "by"),
    _form(_COST, "money cmp", _amount("cost", "money"), "cost stays"),
    _form(_COST, "number cmp cost", _amount("cost", "number"), "stays"),
    _form(_COST, "number cmp", _amount("cost", "number"), "stays cost", proposed=True),
    _form(
        "cost_per_month", "money|number cmp month", _amount("cost_per_month", "money", "number"), "cost stays"
    ),
    _form("hours", "number hour cmp", _amount("hours", "number"), "stays"),
    _form("hours", "hours cmp", _amount("hours", "hours"), "stays"),
    _form("hours", "number cmp", _amount("hours", "number"), "stays", proposed=True),
    _form("replicas", "number replica cmp", _amount("replicas", "number"), "stays"),
    _form("canary_share", "percent canary cmp", _amount("canary_share", "percent"), "stays"),
    _form("canary_share", "percent canary", _amount("canary_share", "percent", limit="<="), proposed=True),
    _form("canary_healthy", "canary healthy minutes|number", _canary_healthy, "hour stays"),
    _form("error_rate", "percent errors service cmp", _amount("error_rate", "percent", of="service"), "stays"),
    _form("cpu", "percent cpu service cmp", _amount("cpu", "percent", of="service"), "stays"),
    _form("p95", "ms p95 service cmp", _amount("p95", "ms", of="service"), "stays"),
    _form("p95", "number p95 service cmp", _amount("p95", "number", of="service"), "stays", proposed=True),
    _form("frozen", "freeze|unfrozen", _frozen, "service env what over", "unfrozen over"),
    _form("frozen", "freeze|unfrozen", _frozen_production, "over", "unfrozen over", proposed=True),
    _form("incident_open", "incident", _incident, "open closed service", "closed"),
    _form("open_findings", "severity", _findings, "finding open closed service kind", "closed"),
    _form("window_open", "mode", _window, "during outside", "outside"),
    _form("done", "item done|closed|open|missing", _fact("done", "item"), "", "open missing"),
    _form("deployed", "service live env", _in_environment("deployed")),
    _form("version", "service version env cmp", _in_environment("version"), "live go"),
    _form("version", "service version env", _in_environment("version"), "live go cmp", proposed=True),
)

"""When nothing new goes to production: what stands in the file, in the department's own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.blackouts import blackout_at, free_from, next_blackout, until_words
from governance.department import Department
from governance.department_file import DepartmentError, parse_department

NONE = timedelta()


def department(blackouts: str, country: str = "IE") -> Department:
    return parse_department(
        f"name: Two Lamps\ncountry: {country}\npeople:\n"
        "  - {name: Ann, address: ann@example.com, roles: [director, compliance officer]}\n"
        "  - {name: Ben, address: ben@example.com, roles: [SRE lead]}\n"
        f"releases:\n  blackouts:\n{blackouts}"
    )


def at(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def test_whole_days_of_the_departments_own_time_both_included() -> None:
    found = department("    - {from: 2026-07-01, to: 2026-07-02, services: [orders], why: the fair}\n")
    assert blackout_at(found, "orders", at("2026-06-30T22:59")) is None  # Dublin is an hour ahead in summer
    span = blackout_at(found, "orders", at("2026-06-30T23:00"))
    assert span is not None
    assert (span.starts, span.ends) == (at("2026-06-30T23:00"), at("2026-07-02T23:00"))
    assert until_words(span, found) == "the fair, until the end of Thu 2 Jul 2026 (IST)"
    assert blackout_at(found, "orders", span.ends) is None
    assert blackout_at(found, "checkout", span.starts) is None


def test_a_weekend_is_one_blackout_and_what_follows_on_it_belongs_to_it() -> None:
    found = department(
        '    - {days: [fri], after: "16:00", why: weekend}\n    - {days: [Saturday, sun], why: the weekend}\n'
        '    - {days: [mon], before: "09:30", why: the stand-up}\n'
    )
    friday = at("2026-11-27T17:00")
    assert blackout_at(found, "orders", at("2026-11-27T15:59")) is None
    span = blackout_at(found, "orders", friday)
    assert span is not None
    assert span.why == "weekend"
    assert span.ends == at("2026-11-30T09:30")
    assert free_from(found, "orders", friday, NONE) == span.ends
    coming = next_blackout(found, "orders", at("2026-11-24T10:00"), timedelta(days=4))
    assert coming is not None
    assert coming.starts == at("2026-11-27T16:00")
    assert next_blackout(found, "orders", at("2026-11-24T10:00"), timedelta(days=1)) is None


def test_what_takes_a_while_does_not_begin_so_late_that_it_runs_into_one() -> None:
    found = department('    - {days: [fri], after: "16:00", before: "18:00", why: the close}\n')
    late = at("2026-11-27T15:50")
    assert free_from(found, "orders", late, timedelta(minutes=9)) == late
    assert free_from(found, "orders", late, timedelta(minutes=10)) == at("2026-11-27T18:00")


def test_public_holidays_of_those_on_call() -> None:
    found = department("    - {holidays: true, why: nobody is there}\n")
    assert blackout_at(found, "orders", at("2026-12-25T12:00")) is not None
    assert blackout_at(found, "orders", at("2026-12-23T12:00")) is None


@pytest.mark.parametrize(
    ("blackout", "says"),
    [
        ("{why: never}", "write `from` and `to`, or `days`"),
        ("{from: 2026-07-02, why: half}", "belong together"),
        ("{from: 2026-07-02, to: 2026-07-01, why: backwards}", "`to` is not before `from`"),
        ("{days: [fri], after: 16:00, why: unquoted}", "in quotes"),
        ('{days: [fri], after: "18:00", before: "08:00", why: overnight}', "two entries"),
        ("{days: [payday], why: payday}", "no day of the week"),
        ("{days: [fri]}", "why"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(blackout: str, says: str) -> None:
    with pytest.raises(DepartmentError) as wrong:
        department(f"    - {blackout}\n")
    assert says in str(wrong.value)


def test_it_is_the_same_after_a_while_in_the_database() -> None:
    found = department(
        '    - {days: [fri], after: "16:00", why: w}\n    - {from: 2026-07-01, to: 2026-07-02, why: v}\n'
    )
    assert Department.model_validate_json(found.model_dump_json()) == found

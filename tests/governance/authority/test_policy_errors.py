"""A policy that is broken, or says what it may not, is refused with its line, why, and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from governance.authority.policy import AUTHORITY_FILE, load, parse
from governance.authority.policy_error import PolicyError

SHIPPED = AUTHORITY_FILE.read_text("utf-8")


def broken(old: str, new: str) -> str:
    """The shipped policy with the first `old` replaced."""
    assert old in SHIPPED
    return SHIPPED.replace(old, new, 1)


def row_of(name: str) -> str:
    """The text of one row."""
    rows = re.split(r"(?=\n  - decision: )", SHIPPED.split("\nextensions:")[0])
    return next(row for row in rows if f"name: {name}\n" in row)


EXTRA = """
  - decision: Coffee
    name: coffee
    auto-execute: "{auto}"
    requires approval: "{approval}"
    human only: "{people}"
    {more}
"""


def extension(auto: str = "-", approval: str = "-", people: str = "-", more: str = "") -> str:
    """The shipped policy with one more row at its end."""
    return SHIPPED + EXTRA.format(auto=auto, approval=approval, people=people, more=more)


CASES = {
    "not YAML": (broken("matrix:", "matrix: ["), "YAML"),
    "a tab": (broken("    name: deployments", "\tname: deployments"), "YAML"),
    "empty": ("", "empty"),
    "a list": ("- matrix", "keys with values"),
    "no extensions": (SHIPPED.split("\nextensions:")[0], "`extensions` is missing"),
    "an unknown section": (SHIPPED + "\nmore: []\n", "no key `more`"),
    "an unknown key": (broken("several as one list: yes", "quorum: 2"), "no key `quorum`"),
    "a key twice": (broken("several as one list: yes", "name: again"), "twice"),
    "a missing cell": (broken('    human only: "-"\n', ""), "no `human only`"),
    "a row without a name": (broken("    name: story_creation\n", ""), "no `name`"),
    "a missing row": (SHIPPED.replace(row_of("security_patches"), ""), "`security_patches` is missing"),
    "a row twice": (SHIPPED.replace(row_of("rollbacks"), row_of("rollbacks") * 2), "twice"),
    "an eleventh row": (
        SHIPPED.replace(
            "\nextensions:", EXTRA.format(auto="✅", approval="-", people="-", more="") + "\nextensions:"
        ),
        "no row of the requirements",
    ),
    "a cell loosened": (broken('"✅ (staging)"', '"✅"'), "no cell says (staging)"),
    "a cell loosened whole": (
        SHIPPED.replace(
            row_of("architecture_changes"),
            row_of("architecture_changes")
            .replace('auto-execute: "-"', 'auto-execute: "✅"')
            .replace('requires approval: "✅"', 'requires approval: "-"'),
        ),
        "a cell of `architecture_changes` was changed",
    ),
    "a word redefined": (broken("breaking: breaking is true", "breaking: breaking is false"), "was changed"),
    "a limit raised": (
        broken("cost < 1000", "cost < 5000").replace('">$1000": cost >= 1000', '">$1000": cost >= 5000'),
        "a cell of `resource_scaling` was changed",
    ),
    "rollbacks led astray": (
        broken("elsewhere: rollback_outside_incident", "elsewhere: meeting"),
        "was changed",
    ),
    "a guard on a required row": (
        broken("several as one list: yes", "refused unless: permitted is true"),
        "`deployments` was changed",
    ),
    "an unknown fact": (broken("environment is staging", "stage is staging"), "no fact `stage`"),
    "an unknown value": (broken("environment is staging", "environment is stagin"), "never `stagin`"),
    "no condition": (broken("environment is staging", "staging"), "no condition"),
    "a negation": (broken("environment is staging", "environment is not staging"), "no condition"),
    "over a limit": (broken("cost >= 10000", "cost > 10000"), "cannot be compared with `>`"),
    "no limit": (broken("cost >= 10000", "cost >= ten"), "no limit"),
    "a limit in fractions of a cent": (broken("cost >= 10000", "cost >= 10000.001"), "no limit"),
    "an unknown role": (
        broken("SRE lead or engineering director or product owner", "the boss"),
        "no role `the boss`",
    ),
    "nobody votes": (broken("    votes:\n      - engineering director\n", ""), "whose votes"),
    "votes that are never asked": (
        broken("    elsewhere:", "    votes: [SRE lead]\n    elsewhere:"),
        "whose votes",
    ),
    "nobody in person": (broken("    in person: compliance officer\n", ""), "in person"),
    "asked later, but may not vote": (broken("then: [engineering director]", "then: [auditor]"), "`then`"),
    "nobody asked first": (
        broken("then: [engineering director]", "then: [compliance officer, engineering director]"),
        "`then`",
    ),
    "neither yes nor no": (
        broken("several as one list: yes", "several as one list: perhaps"),
        "neither yes nor no",
    ),
    "days as a number": (broken('working days: "3"', "working days: 0.5"), "no number of working days"),
    "no days": (broken('working days: "3"', 'working days: "0"'), "no number of working days"),
    "endless days": (broken('working days: "3"', 'working days: "Infinity"'), "no number of working days"),
    "a lax second tier": (
        broken(
            "          - SRE lead or engineering director\n          - SRE lead or engineering director\n",
            "          - SRE lead\n",
        ),
        "no more people",
    ),
    "six votes": (
        extension(approval="✅", more="votes: [auditor, auditor, auditor, auditor, auditor, auditor]"),
        "too many",
    ),
    "an overlap": (
        extension("✅ (a)", "✅ (b)", more="votes: [auditor]\n    where: {a: cost < 10, b: cost >= 9.99}"),
        "overlap (cost 9.99)",
    ),
    "an overlap of roles": (
        extension(
            "✅ (a)",
            "✅ (b)",
            "✅ (otherwise)",
            more="votes: [auditor]\n    in person: auditor\n"
            "    where: {a: asked_by is engineer, b: asked_by is auditor}",
        ),
        "overlap (asked_by auditor|engineer)",
    ),
    "a gap": (
        extension(
            "✅ (a)",
            "✅ (b)",
            more="votes: [auditor]\n    where: {a: severity is low, b: severity is high|critical}",
        ),
        "no cell covers severity medium",
    ),
    "a gap at the limit": (
        extension("✅ (a)", "✅ (b)", more="votes: [auditor]\n    where: {a: cost < 10, b: cost >= 10.01}"),
        "no cell covers cost 10",
    ),
    "no cell at all": (extension(), "no cell covers every case"),
    "the rest by itself": (
        extension("✅ (otherwise)", "✅ (a)", more="where: {a: breaking is true}"),
        "(otherwise) means",
    ),
    "led nowhere": (
        extension("✅ (a)", more="where: {a: breaking is true}\n    elsewhere: tea"),
        "leads to `tea`",
    ),
    "a strange cell": (extension("yes"), "is no cell"),
    "an alias": (broken("then: [engineering director]", "then: *other"), "alias"),
    "a control character": (broken("Story", "St\x00ry"), "control character"),
    "too long": ("# " + "x" * 600_000, "too long"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_broken_policy_is_refused(name):
    text, why = CASES[name]
    with pytest.raises(PolicyError) as caught:
        parse(text)
    assert why in f"{caught.value}"
    assert 1 <= caught.value.line <= text.count("\n") + 2
    assert caught.value.what_to_do


def test_the_line_is_the_line_that_is_wrong():
    text = broken("environment is staging", "stage is staging")
    line = next(number for number, written in enumerate(text.split("\n"), 1) if "stage is staging" in written)
    with pytest.raises(PolicyError) as caught:
        parse(text)
    assert caught.value.line == line
    assert str(caught.value).startswith(
        f"authority.yaml, line {line}: there is no fact `stage`. The facts are "
    )


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path):
    with pytest.raises(PolicyError, match="cannot be read"):
        load(tmp_path / "authority.yaml")
    (tmp_path / "authority.yaml").write_bytes(b"matrix:\n  - \xff\n")
    with pytest.raises(PolicyError, match="UTF-8") as caught:
        load(tmp_path / "authority.yaml")
    assert caught.value.line == 2


def test_the_version_names_what_is_ruled_and_not_how_it_is_written():
    shipped = load()
    assert parse("# a comment\n" + SHIPPED).version == shipped.version
    assert parse(broken("note: Circuit breakers and caches.", "note: Other words.")).version == shipped.version
    assert (
        parse(broken("- SRE lead or engineering director", "- engineering director or SRE lead")).version
        == shipped.version
    )
    changes = [
        broken("then: [engineering director, product owner]", "then: [product owner]"),
        broken("requester may vote: yes", "requester may vote: no"),
        broken("cost >= 10000", "cost >= 9000"),
        broken('working days: "3"', 'working days: "2"'),
    ]
    versions = {parse(text).version for text in changes} | {shipped.version}
    assert len(versions) == len(changes) + 1


def test_the_rest_of_a_row_may_be_left_to_the_stricter_column():
    policy = parse(
        extension("✅ (a)", "✅ (otherwise)", more="votes: [auditor]\n    where: {a: breaking is false}")
    )
    assert policy.render("extensions")[-1].approval == "✅ (otherwise)"

"""Requirements and stories read from documents of many shapes, with the lines they stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.planning.quantities import quantities
from agents.planning.reading.outline import outline
from agents.planning.requirements import requirements
from agents.planning.stories import Sketch, sketch_stories
from integrations.tracker import Priority


def read(text: str) -> list[tuple[str, int, str]]:
    return [
        (a.requirement.id, a.requirement.line, a.requirement.text) for a in requirements(outline(text)).asked
    ]


def sketched(text: str) -> tuple[Sketch, ...]:
    taken = outline(text)
    return sketch_stories(requirements(taken).asked, taken)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "## Requirements\n\n1. FR-1: Show names.\n2. FR-2: Hide names.",
            [("FR-1", 3, "Show names."), ("FR-2", 4, "Hide names.")],
        ),
        ("## Features\n\n- Export to CSV\n  - at most 100 rows", [("R1", 3, "Export to CSV")]),
        ("### FR-4 Export\n\nThe API returns CSV.", [("FR-4", 1, "The API returns CSV.")]),
        ("**FR-7 Export.** The API returns CSV.\n- at most 9 rows", [("FR-7", 1, "The API returns CSV.")]),
        ("## Scope\n\n| ID | Requirement |\n|--|--|\n| R-9 | Show the names |", [("R-9", 5, "Show the names")]),
        ("Intro text.\n\nThe system must show names.", [("R1", 3, "The system must show names.")]),
        ("As a user, I want names so that I know.", [("R1", 1, "As a user, I want names so that I know.")]),
        ("1. Delivery\n\n   1.1 The system sends a mail.", [("1.1", 3, "The system sends a mail.")]),
        ("## Stories\n\n- **TA-3** As a lead, I want names.", [("TA-3", 3, "As a lead, I want names.")]),
    ],
)
def test_requirements_of_many_shapes(text: str, expected: list[tuple[str, int, str]]):
    assert read(text) == expected


def test_what_is_out_of_scope_open_or_metadata_is_no_requirement():
    text = (
        "Owner: must be somebody\n\n## Out of scope\n\n- Must not be done\n\n## Open questions\n\n- Must we?\n"
    )
    assert read(text) == []


def test_a_user_story_is_taken_apart_and_its_criteria_are_the_documents():
    text = (
        "## Stories\n\n- (P0) As an accountant, I want to export invoices, so that I can book them.\n"
        "  - Given 10 invoices\n  - When I export\n  - Then the file has 10 rows\n"
    )
    (story,) = sketched(text)
    assert (story.as_a, story.i_want, story.so_that) == ("accountant", "to export invoices", "I can book them")
    assert story.acceptance == ("Given 10 invoices, when I export, then the file has 10 rows.",)
    assert (story.title, story.priority) == ("Export invoices", Priority.P0)


def test_a_long_title_is_not_cut_within_a_number():
    sentence = "Developers MUST see the last 1,000 deliveries of an endpoint with state, tries and answer code."
    (story,) = sketched(f"## Requirements\n\n- {sentence}\n")
    assert story.title == (
        "Let developers see the last 1,000 deliveries of an endpoint with state, tries and answer code"
    )


@pytest.mark.parametrize(
    ("sentence", "who", "want"),
    [
        ("Team leads can name a deputy.", "team lead", "to name a deputy"),
        ("The dashboard must show totals.", "user", "the dashboard to show totals"),
        ("Export totals as CSV", "user", "to export totals as CSV"),
        ("CSV export of totals", "user", "CSV export of totals"),
        ("An administrator must not see passwords.", "administrator", "not to see passwords"),
    ],
)
def test_who_wants_what(sentence: str, who: str, want: str):
    (story,) = sketched(f"## Requirements\n\n- {sentence}\n")
    assert (story.as_a, story.i_want) == (who, want)


def test_no_criterion_has_a_figure_that_the_document_lacks():
    text = (Path(__file__).parent / "prds" / "clean.md").read_text(encoding="utf-8")
    written = {q.text for line in text.split("\n") for q in quantities(line)}
    own = {q.text for story in sketched(text) for criterion in story.acceptance for q in quantities(criterion)}
    assert own
    assert own <= written


def test_what_is_asked_twice_is_one_story_and_another_figure_makes_another():
    same = "## Requirements\n\n- The page must show names.\n- The page must show the names.\n"
    assert [story.requirements for story in sketched(same)] == [("R1", "R2")]
    other = "## Requirements\n\n- Export 10 rows as CSV.\n- Export 20 rows as CSV.\n"
    assert len(sketched(other)) == 2


def test_qualities_go_to_the_story_they_speak_of_or_to_one_that_proves_them():
    text = (
        "## Requirements\n\n- FR-1 List saved searches of a team.\n\n## Non-functional requirements\n\n"
        "- NFR-1 The list of saved searches loads in 1 second.\n- NFR-2 Every text meets WCAG 2.2 AA.\n"
    )
    listing, proof = sketched(text)
    assert listing.requirements == ("FR-1", "NFR-1")
    assert (proof.requirements, proof.quality) == (("NFR-2",), True)


def test_markdown_never_stops_the_reader():
    for junk in (
        "",
        "#",
        "|a|\n|-|",
        "- \n- ",
        "```\nmust\n",
        "<div>must</div>",
        "\u0000"[:0] + "*" * 999,
        "> > > must",
    ):
        assert outline(junk).length >= 1
        assert isinstance(read(junk), list)


def test_what_is_forbidden_is_never_one_story_with_what_asks_for_the_same():
    text = "## Requirements\n\n- The page must show the totals of a month.\n"
    shown, hidden = sketched(f"{text}- The page must not show the totals of a month.\n")
    assert (shown.forbids, hidden.forbids) == (False, True)
    assert "not" in hidden.title


def test_a_heading_that_leaves_out_the_not_is_no_title():
    hidden = "- **Monthly totals.** The page must not show the totals of a month.\n"
    first, _ = sketched(f"## Requirements\n\n{hidden}- Show names.\n")
    assert first.title == "The page must not show the totals of a month"


def test_one_story_of_two_requirements_keeps_what_each_comes_after():
    text = (
        "## Requirements\n\n- FR-1: Load the list of ports.\n- FR-2: Show the last ten bookings.\n"
        "- FR-3: Show the last ten bookings. Needs FR-1.\n"
    )
    _, both = sketched(text)
    assert both.requirements == ("FR-2", "FR-3")
    assert [name for name, _ in both.after] == ["FR-1"]

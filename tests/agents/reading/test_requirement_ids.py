"""What counts as an id of a document's requirements, and what only looks like one."""

from __future__ import annotations

import pytest

from agents.planning.reading.ids import ids_of


@pytest.mark.parametrize(
    ("beginnings", "text", "expected"),
    [
        (["FR-1: Show names."], "FR-1: Show names.", ("FR-1", "Show names.")),
        (["NFR-4 Fast."], "NFR-4 – Fast.", ("NFR-4", "Fast.")),
        (["[REQ-12] Show."], "[REQ-12] Show.", ("REQ-12", "Show.")),
        (["A1 Show.", "A2 Hide."], "A2 Hide.", ("A2", "Hide.")),
        (["(B1) Show.", "(B2) Hide."], "(B1) Show.", ("B1", "Show.")),
        (["Story A1: Show.", "Story A2: Hide."], "Story A1: Show.", ("A1", "Show.")),
        (["1.1 The gate opens.", "1.2 The gate closes."], "1.2 The gate closes.", ("1.2", "The gate closes.")),
        (["3.1.2 The gate opens."], "3.1.2 The gate opens.", ("3.1.2", "The gate opens.")),
        (["pay_1 Show", "pay_2 Hide"], "pay_2 Hide", ("pay_2", "Hide")),
        (["LIB.1 Show", "LIB.2 Hide"], "LIB.1 Show", ("LIB.1", "Show")),
        (["FR-1a Show", "FR-1b Hide"], "FR-1b Hide", ("FR-1b", "Hide")),
        (["UC 1 Show", "UC 2 Hide"], "UC 2 Hide", ("UC 2", "Hide")),
        (["Ä1 Zeigen", "Ä2 Verbergen"], "Ä2 Verbergen", ("Ä2", "Verbergen")),
    ],
)
def test_ids_stand_before_their_text(beginnings: list[str], text: str, expected: tuple[str, str]):
    assert ids_of(beginnings).leading(text) == expected


@pytest.mark.parametrize(
    "beginnings",
    [
        ["A1 Show."],  # once
        ["A1 Show.", "A1 Hide."],  # the same number twice
        ["Q1 we start.", "Q2 we end."],
        ["P0 first", "P1 then"],
        ["Phase 1: plan", "Phase 2: build"],
        ["Version 2 shows it", "Version 3 hides it"],
        ["Within 2 hours", "Within 3 days"],
        ["v1 now", "v2 later"],
        ["TLS-1 is old"],
        ["ISO-27001 holds"],
        ["May 4 we start", "May 9 we end"],
        ["Up to 20 guests", "Up to 30 guests"],
        ["about 20 guests", "about 30 guests"],
        ["covers 20 guests", "covers 30 guests"],
        ["20 guests", "30 guests"],
        ["2026-01-01 start", "2026-02-01 end"],
    ],
)
def test_what_is_no_id(beginnings: list[str]):
    ids = ids_of(beginnings)
    assert [ids.leading(text)[0] for text in beginnings] == [""] * len(beginnings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("needs FR-1 and FR-2", ("FR-1", "FR-2")),
        ("after (FR-1), FR-1 again", ("FR-1",)),
        ("see FR-1/FR-3", ("FR-1", "FR-3")),
        ("XFR-1 and FR-1x2 are others", ()),
        ("4.5% of FR-10", ("FR-10",)),
        ("within 4 hours of TLS-1", ()),
        ("nothing", ()),
    ],
)
def test_ids_within_a_text(text: str, expected: tuple[str, ...]):
    assert ids_of(["FR-1 Show", "FR-2 Hide"]).anywhere(text) == expected


def test_a_heading_with_a_letter_id_names_one_requirement_and_a_sections_number_none():
    ids = ids_of(["FR-3 Export", "1.1 The gate opens."])
    assert ids.lettered("FR-3 Export") == "FR-3"
    assert ids.lettered("1.1 Gates") == ""

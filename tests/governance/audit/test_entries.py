"""What an entry must say, what goes into the log of it, and what stays beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from governance.action import Verdict
from governance.audit.commitments import Opening, OpeningMismatch, commit
from governance.audit.entries import (
    Absence,
    ApprovalChain,
    EffectEntry,
    EntryKind,
    Measure,
    NotApplicable,
    VoteCast,
)
from governance.audit.merkle import leaf_hash
from governance.audit.openings import read_openings
from governance.audit.sealing import new_id, seal, write_openings
from governance.people import Actor
from tests.governance.audit.audit_entries import AGENT, AUTO, DAVID, STORY, at, intent, outcome, said

FREE_TEXT = [
    "Show revenue by region",
    "The PRD asks for it.",
    "One story more",
    "Close the story",
    "prd:PRD-2025",
    "console:david",
]


@pytest.mark.parametrize("part", ["rationale", "approvals", "impact", "rollback_plan", "artifacts"])
def test_an_effect_cannot_leave_a_part_out(part: str) -> None:
    whole = dict(intent())
    EffectEntry(**whole)
    for value in (NotApplicable(not_applicable=Absence.NONE_GIVEN), None, "", ()):
        with pytest.raises(ValidationError):
            EffectEntry(**{**whole, part: value})
    del whole[part]
    with pytest.raises(ValidationError):
        EffectEntry(**whole)


@pytest.mark.parametrize("part", ["rationale", "approvals", "impact", "rollback_plan", "artifacts"])
def test_another_entry_says_why_a_part_does_not_apply(part: str) -> None:
    for value in (None, "", (), {"not_applicable": "because"}):
        with pytest.raises(ValidationError):
            said(**{part: value})
    assert said(**{part: NotApplicable(not_applicable=Absence.NONE_GIVEN)}).kind is EntryKind.TURN


@pytest.mark.parametrize(
    "parts",
    [
        {"kind": EntryKind.INTENT},
        {"type": "Turn Said"},
        {"type": "turn.said\n"},
        {"subject": "a\nb"},
        {"subject": "x" * 201},
        {"subject": ""},
        {"turn": "\x00"},
        {"at": at(0).replace(tzinfo=None)},
        {"actor": Actor("person", "")},
        {"actor": Actor("person", "x" * 201)},
        {"actor": Actor("person", "david", identity="console:\u202edivad")},
        {"measures": {Measure.OUTCOME: "Words for people, which could be erased nowhere."}},
        {"measures": {"mood": 1}},
        {"unknown": 1},
    ],
)
def test_what_is_no_entry_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        said(**parts)


def test_an_effect_that_was_refused_or_not_voted_for_has_no_entry() -> None:
    vote = VoteCast(person="amanda", role="engineering_director", verdict="approve", at=at(1))
    deny = vote.model_copy(update={"verdict": "deny"})
    chain = ApprovalChain(rule="r", policy_version="p1", verdict=Verdict.APPROVE_FIRST)
    allowed = chain.model_copy(update={"approval": "a1", "votes": (vote,)})
    assert EffectEntry(**{**dict(intent()), "approvals": allowed}).approvals.votes == (vote,)
    for refused in (
        chain,
        chain.model_copy(update={"approval": "a1", "votes": (deny,)}),
        chain.model_copy(update={"votes": (vote,)}),
        chain.model_copy(update={"verdict": Verdict.REFUSE}),
    ):
        with pytest.raises(ValidationError):
            EffectEntry(**{**dict(intent()), "approvals": refused})


def test_an_outcome_says_how_it_ended() -> None:
    assert outcome().measures[Measure.OUTCOME] == "done"
    for measures in ({}, {Measure.OUTCOME: "fine"}, {Measure.OUTCOME: 1}):
        with pytest.raises(ValidationError):
            EffectEntry(**{**dict(outcome()), "measures": measures})


def test_the_log_holds_codes_and_commitments_and_no_free_text() -> None:
    sealed = seal(intent(subject="DASH", turn="turn-1", at=at(5)))
    assert sealed.leaf == leaf_hash(sealed.data.encode())
    for words in [*FREE_TEXT, "david-the-chat-name"]:
        assert words not in sealed.data
    content = json.loads(sealed.data)
    assert (content["id"], content["kind"], content["type"]) == (sealed.id, "intent", "tracker.create_story")
    assert content["at"] == "2026-11-23T09:00:05.123456Z"
    assert content["actor"] == {
        "kind": "agent",
        "id": "product_owner",
        "on_behalf_of": "david",
        "identity": None,
    }
    assert (content["subject"], content["turn"], content["effect"]) == ("DASH", "turn-1", "effect-1")
    assert content["approvals"]["rule"] == "stories.auto"
    assert content["measures"] == {"cost": "12.50"}
    for part in ("details", "rationale", "impact", "rollback_plan", "artifacts"):
        sealed.openings[part].check(content[part]["commitment"])
    assert json.loads(sealed.openings["details"].value)["title"] == STORY.title
    assert json.loads(sealed.openings["artifacts"].value) == [
        *STORY.artifacts,
        f"action:sha256:{STORY.digest()}",
    ]


def test_a_chat_identity_is_committed_to_as_well() -> None:
    sealed = seal(said())
    actor = json.loads(sealed.data)["actor"]
    assert "console:david" not in sealed.data
    assert actor["id"] == "david"
    sealed.openings["identity"].check(actor["identity"]["commitment"])
    assert json.loads(sealed.data)["impact"] == {"not_applicable": "nothing_changes"}


def test_the_same_words_are_never_committed_to_alike() -> None:
    first, second = commit("yes"), commit("yes")
    assert first.value == second.value
    assert first.commitment != second.commitment
    first.check(first.commitment)
    for wrong in (Opening(second.salt, first.value), Opening(first.salt, '"no"'), Opening(b"", first.value)):
        with pytest.raises(OpeningMismatch):
            wrong.check(first.commitment)
    short = Opening(first.salt[:31], first.value)
    with pytest.raises(OpeningMismatch):
        short.check(short.commitment)


def test_openings_survive_storing() -> None:
    openings = {"rationale": commit("Ärger mit \x00 und \u2028"), "details": commit({"a": [1, None]})}
    assert read_openings(write_openings(openings)) == openings


def test_ids_sort_by_time_to_the_microsecond() -> None:
    moments = [at(1), at(1).replace(microsecond=123457), at(2)]
    ids = [new_id(moment) for moment in moments]
    assert ids == sorted(ids)
    assert {len(entry_id) for entry_id in ids} == {32}
    assert new_id(at(1)) != new_id(at(1))


def test_actors_are_people_agents_and_the_system() -> None:
    for actor in (DAVID, AGENT, Actor("system", "clock")):
        assert json.loads(seal(said(actor=actor)).data)["actor"]["id"] == actor.id
    with pytest.raises(ValidationError):
        said(actor={"kind": "ghost", "id": "x"})
    assert AUTO.votes == ()

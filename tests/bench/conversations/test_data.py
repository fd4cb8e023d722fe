"""The data's files are read as their description says, and what does not fit it ends the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.conversations.aside import kept_aside, read_lines
from bench.conversations.data import DataError, read_conditions, read_dialogues, read_messages
from handlers.language.mood import Mood


def put(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8")


def test_messages_take_their_alternatives_and_what_was_said_before_by_their_number(tmp_path: Path) -> None:
    put(tmp_path, "moods.tsv", "stop it\tamanda\trequest\tfreeze\tyes", "no, 9\tnathan\tcorrection\tscale\tno")
    put(tmp_path, "moods_extra.tsv", "1\ten\tstatus audit", "2\tde\t\tcart to 8")
    first, second = read_messages(tmp_path)
    assert (first.intents, first.mood, first.may_act, first.before) == (
        ("freeze", "status", "audit"), Mood.REQUEST, True, "",
    )  # fmt: skip
    assert (second.number, second.intents, second.mood, second.before) == (
        2, ("scale",), Mood.CORRECTION, "cart to 8",
    )  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "stop it\tamanda\trequest\tfreeze",
        "stop it\tamanda\tplea\tfreeze\tyes",
        "stop it\tamanda\trequest\tfrieze\tyes",
        "stop it\tamanda\trequest\tfreeze\tperhaps",
    ],
)
def test_a_message_that_is_not_as_described_is_no_message(tmp_path: Path, line: str) -> None:
    put(tmp_path, "moods_extra.tsv")
    put(tmp_path, "moods.tsv", "ok\tamanda\tsmalltalk\tnone\tno", line)
    with pytest.raises(DataError, match="line 2"):
        read_messages(tmp_path)


def test_a_turn_is_its_dialogues_speakers_unless_it_says_whose(tmp_path: Path) -> None:
    expect = {"intent": "none", "acts": "none", "answer_must": ["short"], "must_not": []}
    turns = [{"say": "hm", "expect": expect}, {"say": "ok", "speaker": "leila", "expect": expect}]
    put(tmp_path, "dialogues.jsonl", json.dumps({"id": "x", "speaker": "david", "given": "", "turns": turns}))
    (dialogue,) = read_dialogues(tmp_path)
    assert [turn.speaker for turn in dialogue.turns] == ["david", "leila"]
    put(tmp_path, "dialogues.jsonl", json.dumps({"id": "x", "speaker": "david", "turns": [{"say": "hm"}]}))
    with pytest.raises(DataError):
        read_dialogues(tmp_path)


def test_conditions_have_comments_and_some_are_asked_back(tmp_path: Path) -> None:
    put(tmp_path, "conditions.tsv", "# grammar\tof it", "if it is wise\task_back", "if green\ttests_green(all)")
    asked, read = read_conditions(tmp_path)
    assert (asked.meaning, read.meaning) == (None, "tests_green(all)")


def test_every_tenth_message_of_each_hand_is_kept_aside_over_all_names(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a.txt",
        "# help",
        *(f"r number {n}" for n in range(8)),
        "",
        "# none",
        *("o x" for _ in range(4)),
    )
    put(tmp_path, "b.txt", "# freeze", *(f"n number {n}" for n in range(9)))
    lines = read_lines(tmp_path)
    (kept,) = kept_aside(lines)
    assert (kept.hand, kept.name, kept.mood, kept.text) == ("a", "none", Mood.OTHER, "x")


def test_a_line_without_its_mood_is_no_line(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "# help", "what is it")
    with pytest.raises(DataError, match="line 2"):
        read_lines(tmp_path)

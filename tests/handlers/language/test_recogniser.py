"""The embedded recogniser on utterances that it never saw."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handlers.catalogue import catalogue, request_of
from handlers.language import stored_weights
from handlers.language.classifier import Classifier, fit
from handlers.language.command import Command, read_command, without_prefix
from handlers.language.embedding import digest, embed, embed_known, kept_embeddings
from handlers.language.encoder import Head, Heads, calibrated, threshold_of
from handlers.language.mood import Mood
from handlers.language.recogniser import Recogniser
from handlers.language.recognition import Recognition
from handlers.language.utterances import NONE, UtterancesIncomplete, read_lines, read_utterances
from handlers.worlds import request_names

UNSEEN = Path(__file__).parent / "utterances"


def unseen(name: str) -> list[str]:
    return (UNSEEN / f"{name}.txt").read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def answers(recogniser: Recogniser) -> dict[str, list[Recognition]]:
    """What is made of every third unseen utterance (every other one out of scope), by the name it is for."""
    tried = {name: unseen(name)[::3] for name in sorted(request_names())} | {NONE: unseen(NONE)[::2]}
    return {name: recogniser.recognise_all(texts) for name, texts in tried.items()}


def test_unseen_requests_are_understood(answers: dict[str, list[Recognition]]) -> None:
    right = [found.name == name for name in request_names() for found in answers[name]]
    assert len(right) >= 200
    assert sum(right) / len(right) >= 0.85


def test_what_is_outside_is_refused_with_three_offers(answers: dict[str, list[Recognition]]) -> None:
    refused = [found for found in answers[NONE] if found.name is None]
    assert len(refused) / len(answers[NONE]) >= 0.8
    assert all(
        len({name for name, _ in found.nearest} & request_names()) == 3 for found in refused if found.nearest
    )


def test_confidence_is_calibrated(answers: dict[str, list[Recognition]]) -> None:
    likely = [(*found.nearest[0], name) for name in request_names() for found in answers[name]]
    right = np.mean([guess == name for guess, _, name in likely])
    assert abs(float(np.mean([sure for _, sure, _ in likely])) - float(right)) < 0.15


def test_every_example_of_the_catalogue_is_understood(recogniser: Recogniser) -> None:
    found = recogniser.recognise_all([entry.example for entry in catalogue().values()])
    assert {entry.name: answer.name for entry, answer in zip(catalogue().values(), found, strict=True)} == {
        entry.name: entry.name for entry in catalogue().values()
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("why is the invoice feature late", "blockers"),
        ("where is the invoice feature", "status"),
        ("is the invoice feature done yet", "status"),
        ("Contoso needs invoices in Spanish", "feature_request"),
        ("add a story for invoices in Spanish", "add_to_backlog"),
        ("build what PRD-2026-Q4-Invoices describes", "build_feature"),
        ("velocity trend and forecast", "velocity"),
        ("change failure rate and lead time", "metrics"),
        ("freeze the invoice service", "freeze"),
        ("planning mode until Thursday", "window"),
        ("pause the security agent", "configure_agent"),
        ("pause the invoice plan", "plan"),
        ("who approved the rollback", "audit"),
        ("who may approve a rollback", "authority"),
        ("give search two more pods", "scale"),
        ("scale search for the Easter sale", "capacity_plan"),
        ("STOP ALL AGENTS", "halt_agents"),
    ],
)
def test_neighbours_are_told_apart(recogniser: Recogniser, text: str, name: str) -> None:
    assert recogniser.recognise_all([text])[0].name == name


@pytest.mark.parametrize("text", ["", "   ", "👍", "...", "12345", "\0\0", "\ud800", "!?" * 400])
def test_a_message_without_a_word_means_nothing(recogniser: Recogniser, text: str) -> None:
    found = recogniser.recognise_all([text])[0]
    assert found.name is None
    assert found.confidence == 1.0


def test_a_very_long_message_is_read_from_its_beginning(recogniser: Recogniser) -> None:
    text = "stop all agents now " + "and " * 300_000
    assert len(recogniser.recognise_all([text])[0].nearest) == 3


async def test_messages_may_be_recognised_at_the_same_time(recogniser: Recogniser) -> None:
    texts = [entry.example for entry in list(catalogue().values())[:6]]
    together = await asyncio.gather(*(recogniser.recognise(text) for text in texts))
    assert together == recogniser.recognise_all(texts)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/halt_agents", Command("halt_agents", "")),
        ("/halt-agents now please", Command("halt_agents", "now please")),
        ("/eng halt_agents", Command("halt_agents", "")),
        ("/countersign status of SSO", Command("status", "of SSO")),
        ("  /Status SSO\nplease", Command("status", "SSO\nplease")),
        ("halt_agents", Command("halt_agents", "")),
        ("/unknown thing", None),
        ("status of SSO", None),
        ("status", None),
        ("what does /status do", None),
        ("/", None),
    ],
)
def test_commands_are_exact(text: str, command: Command | None) -> None:
    assert read_command(text) == command


def test_commands_are_certain_and_the_rest_is_speech(recogniser: Recogniser) -> None:
    assert recogniser.recognise_all(["/freeze production"])[0].confidence == 1.0
    assert without_prefix("/eng what blocks search") == "what blocks search"
    assert recogniser.recognise_all(["/eng what blocks search"])[0].name == "blockers"


def test_the_catalogue_is_closed_and_every_name_has_its_utterances() -> None:
    assert request_names() == set(catalogue())
    assert len(request_names()) >= 51
    assert request_of("freeze").name == "freeze"
    assert all(entry.purpose and entry.example for entry in catalogue().values())
    learnt = read_utterances()
    assert all(len(learnt[name]) >= 20 and len(unseen(name)) >= 8 for name in request_names())
    assert len(learnt[NONE]) >= 150
    assert len(unseen(NONE)) >= 100
    known = {text.lower() for lines in learnt.values() for text in lines}
    assert not [text for name in (*request_names(), NONE) for text in unseen(name) if text.lower() in known]


def test_a_request_without_utterances_is_named(tmp_path: Path) -> None:
    for name in ("help", "whoami"):
        (tmp_path / name).mkdir()
    (tmp_path / "help" / "utterances.txt").write_text("what can you do")
    with pytest.raises(UtterancesIncomplete, match="whoami"):
        read_utterances({name: tmp_path / name for name in ("help", "whoami")})


def test_kept_embeddings_are_those_of_the_utterances() -> None:
    texts = [text for lines in read_utterances().values() for text in lines]
    stored = kept_embeddings()
    assert set(map(digest, texts)) == set(stored)
    sample = texts[:: len(texts) // 8]
    kept = np.stack([stored[digest(text)] for text in sample])
    assert np.sum(kept * embed(sample), axis=1).min() > 0.999


@pytest.fixture(scope="module")
def small() -> Classifier:
    pairs = [("cold", "it snows"), ("cold", "ice and frost"), ("hot", "the sun burns"), ("hot", "a heat wave")]
    return fit(pairs, embed)


def test_weights_come_back_as_they_were_stored(tmp_path: Path, small: Classifier) -> None:
    stored_weights.write(tmp_path, "old", small)
    stored_weights.write(tmp_path, "new", small)
    assert [file.name for file in tmp_path.iterdir()] == ["recogniser-new.npz"]
    again = stored_weights.read(tmp_path, "new")
    assert again is not None
    texts = ["snow", "a burning sun"]
    np.testing.assert_allclose(again.probabilities(texts, embed), small.probabilities(texts, embed), atol=0.02)


def test_damaged_weights_are_none(tmp_path: Path, small: Classifier) -> None:
    stored_weights.write(tmp_path, "key", small)
    file = tmp_path / "recogniser-key.npz"
    whole = file.read_bytes()
    for damaged in (b"", b"junk", whole[: len(whole) // 2]):
        file.write_bytes(damaged)
        assert stored_weights.read(tmp_path, "key") is None
    assert stored_weights.read(tmp_path, "other") is None


def test_the_key_follows_the_utterances() -> None:
    first = stored_weights.key_of({"a": ("x", "y")})
    assert first == stored_weights.key_of({"a": ("x", "y")})
    assert first != stored_weights.key_of({"a": ("x", "z")})


def test_the_threshold_lies_where_answering_begins_to_harm() -> None:
    head = Head(("hot", NONE), np.array([[1.0], [0.0]], np.float32), np.zeros(2, np.float32))
    vectors = np.array([[2.2], [1.4], [0.8], [0.4], [-1.4]], np.float32)
    threshold = threshold_of(head, vectors, ["hot", "hot", NONE, NONE, NONE], NONE)
    assert threshold == pytest.approx(head.probabilities(vectors[1])[0])


def test_confidence_is_set_on_what_was_kept_aside() -> None:
    head = Head(("hot", "cold"), np.array([[50.0], [-50.0]], np.float32), np.zeros(2, np.float32))
    aside = np.array([[1.0], [1.0], [1.0], [-1.0]], np.float32) / 10
    cooled = calibrated(head, aside, ["hot", "hot", "cold", "cold"])
    assert head.probabilities(aside[0])[0] > 0.999
    assert cooled.probabilities(aside[0])[0] < 0.99


def test_heads_come_back_as_they_were_written(tmp_path: Path) -> None:
    kept = Heads.read()
    kept.write(tmp_path / "heads.npz")
    again = Heads.read(tmp_path / "heads.npz")
    assert (again.names.classes, again.moods.classes, again.threshold) == (
        kept.names.classes,
        kept.moods.classes,
        kept.threshold,
    )
    np.testing.assert_array_equal(again.names.weights, kept.names.weights)


def test_every_name_has_lines_in_every_mood_group_and_a_tenth_is_kept_aside() -> None:
    learnt, aside = read_lines()
    assert len(learnt) > 6000
    assert len(aside) > 600
    for name in (
        set(Heads.read().names.classes) & request_names()
    ):  # what came later has none until all is learnt anew
        moods = Counter(line.mood is Mood.REQUEST for line in (*learnt, *aside) if line.name == name)
        assert sum(moods.values()) >= 40
        assert moods[False] >= 20


@pytest.mark.parametrize("what", ["name", "mood"])
def test_lines_kept_aside_are_read_rightly(recogniser: Recogniser, what: str) -> None:
    _, aside = read_lines()
    tried = aside[::3]
    found = recogniser.recognise_all([line.text for line in tried])
    right = {
        "name": [
            one.name == (None if line.name == NONE else line.name)
            for one, line in zip(found, tried, strict=True)
        ],
        "mood": [one.mood is line.mood for one, line in zip(found, tried, strict=True)],
    }[what]
    assert len(right) > 200
    assert sum(right) / len(right) >= {"name": 0.84, "mood": 0.9}[what]


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("are all agents stopped?", Mood.QUESTION),
        ("should we freeze the export service?", Mood.QUESTION),
        ("pls dont halt anything", Mood.NEGATION),
        ("somebody stopped all the agents last night", Mood.REPORT),
        ("roll back if the error rate climbs over two percent", Mood.CONDITION),
        ("what does 'freeze' mean on that card", Mood.QUOTATION),
        ("i wish the digest came later", Mood.WISH),
        ("thanks a lot", Mood.SMALL_TALK),
        ("freeze the orders service until friday", Mood.REQUEST),
        ("could you stop the agents please", Mood.REQUEST),
    ],
)
def test_moods_are_told_apart(recogniser: Recogniser, text: str, mood: Mood) -> None:
    found = recogniser.recognise_all([text])[0]
    assert found.mood is mood
    assert (found.ordered > 0.5) is (mood is Mood.REQUEST)


def test_a_request_that_came_later_is_learnt_from_its_utterances(recogniser: Recogniser) -> None:
    rota = [
        "who is on call tonight",
        "show the on-call rota",
        "whose pager is it this weekend",
        "on call schedule",
    ]
    pairs = [(name, text) for name, lines in read_utterances().items() for text in lines[:8]]
    added = fit([*pairs, *(("rota", text) for text in rota)], embed_known)
    later = replace(recogniser, added=added)
    assert later.recognise_all(["who has the on-call pager tonight"])[0].name == "rota"
    assert later.recognise_all(["freeze the orders service"])[0].name == "freeze"

"""Reading activities: what was meant, where, and by whom; as Teams writes them and as nobody should."""

from __future__ import annotations

from typing import Any

import pytest

from bot.teams.activities import Activity, object_of
from bot.teams.parsing import (
    FormAnswer,
    FormOpening,
    Membership,
    Nothing,
    Press,
    Words,
    WorkingAsked,
    meaning_of,
    words_of,
)

BOT = {"id": "28:bot", "name": "Countersign"}
TENANT = "6E2B7AA5-12D9-4BD0-9E57-0A2C1D4F5E6A"


def _activity(type_: str = "message", kind: str = "personal", **fields: Any) -> Activity:
    told = {
        "type": type_,
        "id": "1",
        "from": {"id": "29:david", "aadObjectId": "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"},
        "recipient": BOT,
        "conversation": {"id": "19:c@thread.tacv2;messageid=77", "conversationType": kind, "tenantId": TENANT},
    }
    return Activity.model_validate(told | fields)


def _mention(account: dict[str, str], text: str | None = None) -> dict[str, Any]:
    return {"type": "mention", "mentioned": account} | ({} if text is None else {"text": text})


OURS = _mention(BOT, "<at>Countersign</at>")
AMANDA = _mention({"id": "29:amanda", "name": "Amanda"}, "<at>Amanda</at>")


@pytest.mark.parametrize(("text", "entities", "words"), [
    ("<at>Countersign</at> status?\n", [OURS], "status?"),
    ("\r\n<at>Countersign</at>&nbsp;status?", [OURS], "status?"),
    ("hey <at>Countersign</at>\xa0what runs?", [OURS], "hey what runs?"),
    ("<at>Countersign</at> tell <at>Amanda</at> about it", [OURS, AMANDA], "tell Amanda about it"),
    ("<at>Countersign</at> is <at>Countersign</at> well?", [OURS], "is Countersign well?"),
    ("<at>R&D bot</at> status?", [_mention({"id": "28:bot", "name": "R&D bot"})], "status?"),
    ("approve, says <at id=\"0\">Amanda</at>", [], "approve, says Amanda"),
    ("is a < b and c > d in <data>?", [], "is a < b and c > d in <data>?"),
    ("<at>Countersign</at>", [OURS], ""),
    (None, None, ""),
])  # fmt: skip
def test_words_are_what_their_author_meant(text: str, entities: list[Any], words: str) -> None:
    assert words_of(_activity(text=text, entities=entities)) == words


@pytest.mark.parametrize("kind", ["channel", "groupChat"])
def test_where_others_talk_only_a_mention_is_for_us(kind: str) -> None:
    assert meaning_of(_activity(kind=kind, text="status?", entities=[AMANDA])) == Nothing()
    assert meaning_of(_activity(kind=kind, text="<at>Countersign</at> status?")) == Nothing(), (
        "typed, not meant"
    )
    mentioned = _activity(kind=kind, text="<at>Countersign</at> status?", entities=[OURS])
    assert meaning_of(mentioned) == Words("status?")


def test_presses_by_either_kind_of_action() -> None:
    action = {"type": "Action.Execute", "verb": "press", "data": {"token": "b_1"}}
    executed = _activity("invoke", name="adaptiveCard/action", value={"action": action, "trigger": "manual"})
    assert meaning_of(executed) == Press("b_1", by_invoke=True)
    submitted = _activity(kind="channel", value={"verb": "press", "token": "b_1"})
    assert meaning_of(submitted) == Press("b_1", by_invoke=False)


def test_forms_are_opened_and_sent_in() -> None:
    opened = _activity("invoke", name="task/fetch", value={"data": {"token": "b_1", "msteams": {}}})
    assert meaning_of(opened) == FormOpening("b_1")
    data = {"token": "b_1", "verb": "form", "answer_why": "because"}
    assert meaning_of(_activity("invoke", name="task/submit", value={"data": data})) == FormAnswer(
        "b_1", data, by_invoke=True
    )
    in_chat = _activity(kind="channel", value=data)
    assert meaning_of(in_chat) == FormAnswer("b_1", data, by_invoke=False), "it stood there, not in a dialog"


def test_the_working_is_asked_for_page_by_page() -> None:
    data = {"working": "ou_1", "page": 2}
    for name in ("task/fetch", "task/submit"):
        asked = _activity("invoke", name=name, value={"data": data})
        assert meaning_of(asked) == WorkingAsked("ou_1", 2, by_invoke=True)
    assert meaning_of(_activity(value=data)) == WorkingAsked("ou_1", 2, by_invoke=False)


@pytest.mark.parametrize("value", [
    None, "x", [], {}, {"action": None}, {"action": "x"}, {"action": {"verb": "press"}},
    {"action": {"data": []}},
    {"action": {"verb": "press", "data": {"token": 3}}}, {"action": {"verb": "other", "data": {"token": "b"}}},
    {"data": None}, {"data": {"token": None}}, {"data": {"token": "b", "verb": "press"}},
    {"data": {"token": "b\0"}}, {"data": {"token": "b" * 101, "verb": "form"}},
    {"data": {"working": "ou_1"}}, {"data": {"working": "ou_1", "page": True}},
    {"data": {"working": "ou\0", "page": 1}},
])  # fmt: skip
@pytest.mark.parametrize("name", ["adaptiveCard/action", "task/submit", "composeExtension/query", None])
def test_other_invokes_are_answered_as_unknown(name: str | None, value: Any) -> None:
    assert meaning_of(_activity("invoke", name=name, value=value)) == Nothing(is_unknown_invoke=True)


@pytest.mark.parametrize("type_", ["messageUpdate", "messageDelete", "messageReaction", "typing", "event"])
def test_edits_deletions_and_the_like_mean_nothing(type_: str) -> None:
    assert meaning_of(_activity(type_, text="approve ap_0123456789")) == Nothing()


@pytest.mark.parametrize(("fields", "what"), [
    ({"type_": "conversationUpdate", "membersAdded": [BOT]}, "came"),
    ({"type_": "conversationUpdate", "membersAdded": [{"id": "29:amanda"}]}, "changed"),
    ({"type_": "conversationUpdate", "membersRemoved": [BOT]}, "left"),
    ({"type_": "conversationUpdate", "channelData": {"eventType": "channelRenamed"}}, "changed"),
    ({"type_": "installationUpdate", "action": "add"}, "came"),
    ({"type_": "installationUpdate", "action": "add-upgrade"}, "came"),
    ({"type_": "installationUpdate", "action": "remove"}, "left"),
    ({"type_": "installationUpdate", "action": "remove-upgrade"}, "left"),
])  # fmt: skip
def test_coming_and_going(fields: dict[str, Any], what: str) -> None:
    assert meaning_of(_activity(**fields)) == Membership(what)  # type: ignore[arg-type]


def test_places_are_channels_and_their_threads() -> None:
    in_channel = _activity(kind="channel")
    assert (in_channel.channel, in_channel.root) == ("19:c@thread.tacv2", "77")
    root = _activity(kind="channel", conversation={"id": "19:c", "conversationType": "channel"})
    assert (root.channel, root.root) == ("19:c", "1")
    assert _activity(kind="groupChat").root == "main"


def test_identities_are_what_entra_proves() -> None:
    tenant, person = TENANT.lower(), "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    assert _activity().identity == f"teams:{tenant}/{person}"
    assert object_of(_activity().identity) == (tenant, person)
    nobody = _activity(**{"from": {"id": "29:xyz", "name": "David"}})
    assert nobody.identity == f"teams:{tenant}/29:xyz"
    assert object_of(nobody.identity) is None


def test_every_tenant_that_is_named_counts() -> None:
    activity = _activity(channelData={"tenant": {"id": "other"}})
    assert activity.entra_tenants == {"other", TENANT.lower()}
    assert activity.entra_tenant == "other"

"""Cards become HTML that says everything in words, and in which nothing that was written can act."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from bot.console.events import Fragments
from bot.console.render import Author, Shown, render
from bot.platforms.fact_words import fact_value
from bot.platforms.links import link_target
from bot.wire import reply_from_json, reply_to_json
from governance.facts import Fact, Source
from handlers.conversation.cards import (
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Chart,
    Code,
    Fields,
    File,
    Form,
    Input,
    Link,
    Moment,
    Progress,
    Quote,
    Reply,
    Small,
    Table,
    Text,
)
from tests.bot.console.sample_cards import MODIFY, plan_reply

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' onclick='x"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _parsed(html: str) -> _Tags:
    tags = _Tags()
    tags.feed(html)
    return tags


def _html(reply: Reply, zone: str = "Europe/Dublin") -> str:
    author = Author("Countersign", "C", 0, is_countersign=True)
    shown = Shown("cm_1", 1, "product", "cm_1", author, False, AT, "v1", None, reply.text, reply)
    return Fragments(zone).message(shown)


def _hostile_reply() -> Reply:
    form = Form(EVIL, EVIL, (Input(EVIL, EVIL, "choices", (), ((EVIL, EVIL),), hint=EVIL),), EVIL)
    blocks = (
        Text((EVIL, Bold(EVIL), Code(EVIL), Link(EVIL, "javascript:alert(1)"), Moment(AT))),
        Fields(((EVIL, EVIL),)),
        Bullets(((EVIL,),), numbered=True),
        Bullets(((Link(EVIL, "https://example.com/" + "a"),),)),
        Table((EVIL,), ((EVIL,),), "r"),
        Progress((("done", EVIL), ("failed", EVIL))),
        Chart(EVIL, EVIL, EVIL),
        File(EVIL, EVIL, EVIL),
        Small((EVIL,)),
        Quote(EVIL, EVIL),
        Buttons((Button(EVIL, "approve", EVIL, "primary", form, token=EVIL),)),
    )
    fact = Fact(EVIL, EVIL, EVIL, EVIL, AT, Source("query", EVIL, (EVIL,)))
    return Reply(EVIL, (Card(EVIL, blocks, "bad"),), (fact,))


def test_nothing_that_was_written_becomes_markup() -> None:
    tags = _parsed(_html(_hostile_reply()))
    names = {tag for tag, _ in tags.tags}
    assert "script" not in names
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)
    pictures = [attributes for tag, attributes in tags.tags if tag == "img"]
    assert len(pictures) == 1
    assert (pictures[0]["src"] or "").startswith("/files/")
    assert not [a for tag, a in tags.tags if tag == "a" and (a["href"] or "").startswith("javascript")]
    assert tags.text.count("<script>alert(1)</script>") >= 15  # shown as it was written, everywhere


def test_nothing_in_a_form_becomes_markup() -> None:
    form = Form(
        EVIL,
        EVIL,
        tuple(
            Input(EVIL, EVIL, kind, EVIL, ((EVIL, EVIL),), hint=EVIL)
            for kind in ("line", "text", "number", "date", "choice", "choices")
        ),
        EVIL,
    )
    tags = _parsed(render("dialog.html", form=form, token=EVIL))
    assert "script" not in {tag for tag, _ in tags.tags}
    assert "img" not in {tag for tag, _ in tags.tags}
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)


def test_a_message_without_a_card_shows_its_words_only() -> None:
    tags = _parsed(_html(Reply(EVIL)))
    assert "script" not in {tag for tag, _ in tags.tags}
    assert EVIL in tags.text


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "data:text/html,x",
        "//evil.example", "/\\evil.example",
        "\\\\evil.example", "http://example.com/", "https://", "https://a b/", "ftp://x",
        "https://user@evil.example/", "/a\nb", "", "vbscript:x", "https://[::1",
    ],
)  # fmt: skip
def test_links_lead_nowhere_dangerous(target: str) -> None:
    assert link_target(target) is None
    html = _html(Reply("x", (Card("c", (Text((Link("here", target),)),)),)))
    assert "<a" not in html
    assert "here" in html


@pytest.mark.parametrize("target", ["/dashboard/audit/3?x=1#y", "https://example.com/a?b=c&d=e"])
def test_own_paths_and_https_are_linked(target: str) -> None:
    html = _html(Reply("x", (Card("c", (Text((Link("here", target),)),)),)))
    links = [attributes for tag, attributes in _parsed(html).tags if tag == "a"]
    assert links[0]["href"] == target
    assert ("rel" in links[0]) is target.startswith("https:")


def test_buttons_carry_their_token_and_nothing_else_of_what_they_mean() -> None:
    buttons = Buttons((Button("Approve", "the_verb", "the_subject", "primary", MODIFY, token="b_1"),))
    html = _html(Reply("x", (Card("c", (buttons,)),)))
    assert 'data-token="b_1"' in html
    assert "the_verb" not in html
    assert "the_subject" not in html
    assert 'aria-haspopup="dialog"' in html


@pytest.mark.parametrize(
    ("tone", "words"),
    [("good", "Done"), ("warning", "Attention"), ("bad", "Problem"), ("waiting", "Waiting"), ("plain", None)],
)
def test_a_tone_is_said_in_words(tone: str, words: str | None) -> None:
    text = _parsed(_html(Reply("x", (Card("Title", (), tone),)))).text  # type: ignore[arg-type]
    assert ([word for word in ("Done", "Attention", "Problem", "Waiting") if word in text] or [None]) == [words]


def test_steps_say_their_state_in_words() -> None:
    steps = Progress((("done", "a"), ("doing", "b"), ("waiting", "c"), ("failed", "d"), ("skipped", "e")))
    text = _parsed(_html(Reply("x", (Card("c", (steps,)),)))).text
    positions = [text.index(word) for word in ("Done", "In progress", "Waiting", "Failed", "Skipped")]
    assert positions == sorted(positions)


def test_moments_are_in_the_reader_s_zone() -> None:
    reply = Reply("x", (Card("c", (Text((Moment(AT),)),)),))
    assert "Mon 23 Nov 2026, 14:05 GMT" in _html(reply, "Europe/Dublin")
    assert "Mon 23 Nov 2026, 09:05 EST" in _html(reply, "America/New_York")


def test_every_fact_shows_its_value_unit_time_and_source() -> None:
    kept = reply_from_json(reply_to_json(plan_reply()))
    text = " ".join(_parsed(_html(kept)).text.split())
    assert "5 facts" in text
    assert "146.0 agent-hours" in text
    assert "934.40 USD" in text
    assert "done stories since January 2025 with hours" in text
    assert "from throughput" in text
    assert "14:05 GMT" in text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not known"), (True, "yes"), (False, "no"), (1234567, "1,234,567"), (0.5, "0.5"),
        (1200.0, "1,200"), (Decimal(1200), "1,200"),
        (Decimal("1234.50"), "1,234.5"), ("1234.50", "1,234.50"), ("PRD-1", "PRD-1"), ("1e400", "1e400"),
        ("2027-01-29", "29 Jan 2027"), ("2027-13-29", "2027-13-29"),
    ],
)  # fmt: skip
def test_values_read_as_people_write_them(value: object, words: str) -> None:
    assert fact_value(value) == words  # type: ignore[arg-type]


def test_choices_come_checked_as_the_form_says() -> None:
    chosen = replace(MODIFY.inputs[0], value=("S2",))
    html = render("dialog.html", form=replace(MODIFY, inputs=(chosen, *MODIFY.inputs[1:])), token="b_1")
    boxes = [a for tag, a in _parsed(html).tags if tag == "input" and a.get("type") == "checkbox"]
    assert [a["value"] for a in boxes if "checked" in a] == ["S2"]
    assert len(boxes) == 8


def test_facts_of_one_time_say_it_once() -> None:
    fact = plan_reply().facts[0]
    later = replace(fact, id="later", as_of=AT + timedelta(hours=1))
    assert _html(Reply("x", facts=(fact, replace(fact, id="f2")))).count("<time") == 2
    assert _html(Reply("x", facts=(fact, later))).count("<time") == 3


def test_a_table_s_values_carry_their_headings_for_where_rows_are_stacked() -> None:
    table = Table(("", "Story", "Hours"), (("S1", EVIL, "12"),), align="llr")
    tags = _parsed(_html(Reply("x", (Card("c", (table,)),))))
    cells = [attributes for tag, attributes in tags.tags if tag == "td"]
    assert [cell.get("data-label") for cell in cells] == [None, "Story", "Hours"]
    assert {cell["role"] for cell in cells} == {"cell"}

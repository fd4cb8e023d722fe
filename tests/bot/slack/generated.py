"""Cards and forms of every size, each of their texts with a number at both ends by which it is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

from hypothesis import strategies as st

from handlers.conversation.cards import (
    Block,
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
    Inline,
    Input,
    Link,
    Moment,
    Progress,
    Quote,
    Rating,
    Reply,
    Small,
    Table,
    Text,
)

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
DATE = "<!date^1795442700^{date_short_pretty} {time}|Mon 23 Nov 2026, 14:05 UTC>"
"""The same as Slack writes it in each reader's own time zone."""

HOSTILE = (
    "<!channel> <!here> <@U012AB3CD> <#C012AB3CD> <https://evil.example|a link>",
    "*bold* _italic_ ~struck~ `code` ```block```",
    "> quoted\n>>> all of it",
    ":tada: @channel @here #general https://evil.example/?token=1 www.evil.example mailto:a@b.example",
    "</b><script>alert(1)</script> & &amp; &lt;!channel&gt;",
    "\u202eright to left\u202c \u200f\u200e עברית العربية",
    '{"blocks": []} \\u0000 \\ " \' \t',
    "👩‍👩‍👧‍👦 e\u0301 🇮🇪 ﷽ 𝔘𝔫𝔦",
)

_UNITS = ("word ", "x", "*_~`", "line of text\n", "é", "日本語", "👩‍👩‍👧‍👦", "&<>", '"\\', "\u202e")


def _bodies(*times: int) -> st.SearchStrategy[str]:
    return st.one_of(
        st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40),
        st.sampled_from(HOSTILE),
        st.builds(lambda unit, times: unit * times, st.sampled_from(_UNITS), st.integers(1, 200)),
        st.builds(lambda unit, times: unit * times, st.sampled_from(_UNITS), st.sampled_from(times)),
    )


_BODIES = _bodies(700, 3_000)
_FORM_BODIES = _bodies(700)
_SHORT = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20), st.sampled_from(HOSTILE)
)


class Written:
    """The texts that were written into a card, each of them once."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers, self._tokens = count(), count()

    def text(self, body: str) -> str:
        number = next(self._numbers)
        self.texts.append(f"⟦{number}·{body}·{number}⟧")
        return self.texts[-1]

    def token(self) -> str:
        return f"b_{next(self._tokens)}"


@st.composite
def replies(draw: st.DrawFn) -> tuple[Reply, list[str]]:
    """A reply and every text in its cards."""
    written = Written()
    cards = tuple(draw(cards_of(written)) for _ in range(draw(st.integers(0, 2))))
    text = written.text(draw(_BODIES)) if not cards else draw(_BODIES) or "It is done."
    return Reply(text, cards), written.texts


@st.composite
def cards_of(draw: st.DrawFn, written: Written) -> Card:
    title = written.text(draw(_BODIES))
    makers = draw(st.lists(st.sampled_from(_MAKERS), max_size=5))
    tone = draw(st.sampled_from(("plain", "good", "warning", "bad", "waiting")))
    return Card(title, tuple(make(draw, written) for make in makers), tone)


def _inline(draw: st.DrawFn, written: Written) -> tuple[Inline, ...]:
    kinds: tuple[Callable[[], Inline], ...] = (
        lambda: written.text(draw(_BODIES)),
        lambda: Bold(written.text(draw(_SHORT))),
        lambda: Code(written.text(draw(_SHORT))),
        lambda: Link(written.text(draw(_BODIES)), draw(st.sampled_from(_TARGETS))),
        lambda: Moment(AT),
        lambda: "",
    )
    return tuple(draw(st.sampled_from(kinds))() for _ in range(draw(st.integers(0, 5))))


_TARGETS = (
    "/dashboard/plans/pl_1",
    "https://vendor.example/a?b=c&d=e|f",
    "javascript:alert(1)",
    "/" + "p" * 5_000,
)


def _bullets(draw: st.DrawFn, written: Written) -> Block:
    few = tuple(_inline(draw, written) for _ in range(draw(st.integers(0, 3))))
    body = draw(_SHORT)
    many = tuple((written.text(body),) for _ in range(draw(st.sampled_from((0, 2, 200)))))
    return Bullets((*few, *many), numbered=draw(st.booleans()))


def _table(draw: st.DrawFn, written: Written) -> Block:
    rows, columns = draw(st.sampled_from(((0, 2), (3, 4), (8, 25), (110, 2))))
    cells = draw(st.lists(_SHORT if rows > 3 else _BODIES, min_size=1, max_size=3))
    heading = tuple(written.text(cells[0][:20]) for _ in range(columns))
    made = tuple(
        tuple(written.text(cells[(row + column) % len(cells)]) for column in range(columns))
        for row in range(rows)
    )
    return Table(heading, made, draw(st.sampled_from(("", "lr", "r" * columns))))


def _buttons(draw: st.DrawFn, written: Written) -> Block:
    body = draw(_BODIES)[:300]
    return Buttons(
        tuple(
            Button(
                written.text(body if at % 3 else "Do"),
                "approve",
                "ap_1",
                draw(st.sampled_from(("primary", "danger", "plain"))) if at < 3 else "plain",
                token=written.token(),
            )
            for at in range(draw(st.sampled_from((1, 3, 60))))
        )
    )


def _rating(draw: st.DrawFn, written: Written) -> Block:
    useful, not_useful = (
        Button(label, "rate", "t_1", token=written.token()) for label in ("Useful", "Not useful")
    )
    return Rating(useful, not_useful)


def _fields(draw: st.DrawFn, written: Written) -> Block:
    value = draw(_BODIES)
    return Fields(
        tuple(
            (written.text(draw(_SHORT)), written.text(value if at % 7 else "v"))
            for at in range(draw(st.integers(0, 25)))
        )
    )


def _progress(draw: st.DrawFn, written: Written) -> Block:
    states = st.sampled_from(("done", "doing", "waiting", "failed", "skipped"))
    return Progress(tuple((draw(states), written.text(draw(_BODIES))) for _ in range(draw(st.integers(0, 6)))))


_MAKERS: tuple[Callable[[st.DrawFn, Written], Block], ...] = (
    lambda draw, written: Text(_inline(draw, written)),
    lambda draw, written: Small(_inline(draw, written)),
    lambda draw, written: Small((written.text(draw(_BODIES)),)),
    lambda draw, written: Quote(written.text(draw(_BODIES)), written.text(draw(_BODIES))),
    lambda draw, written: Chart(
        draw(st.sampled_from(("fi_1", "fi_2"))), written.text(draw(_BODIES)), written.text(draw(_BODIES))
    ),
    lambda draw, written: File("fi_3", written.text(draw(_BODIES)), written.text(draw(_BODIES))),
    _bullets,
    _table,
    _buttons,
    _fields,
    _progress,
    _rating,
)


@st.composite
def forms(draw: st.DrawFn) -> tuple[Form, list[str]]:
    """A form and every text in it that somebody reads."""
    written = Written()
    inputs = tuple(_asked(draw, written, f"in{at}") for at in range(draw(st.integers(0, 4))))
    title, submit, intro = (written.text(draw(_FORM_BODIES)) for _ in range(3))
    return Form(title, submit, inputs, intro), written.texts


def _asked(draw: st.DrawFn, written: Written, name: str) -> Input:
    kind = draw(st.sampled_from(("line", "text", "number", "date", "choice", "choices")))
    label, required = written.text(draw(_FORM_BODIES)), draw(st.booleans())
    if kind not in ("choice", "choices"):
        return Input(name, label, kind, draw(_values(kind)), (), required, written.text(draw(_FORM_BODIES)))
    body = draw(_SHORT) + draw(_SHORT)
    offered = range(draw(st.sampled_from((0, 1, 5, 6, 10, 11, 101))))
    options = tuple((f"{body[:40]}{n}", written.text(body if n % 3 else "one")) for n in offered)
    chosen = tuple(value for value, _ in options[:: draw(st.integers(1, 3))])
    value = chosen if kind == "choices" else draw(st.sampled_from(("", *chosen[:2])))
    return Input(
        name, label, kind, value, options, required, written.text(draw(_FORM_BODIES)) if options else ""
    )


def _values(kind: str) -> st.SearchStrategy[str]:
    match kind:
        case "number":
            return st.sampled_from(("", "146", "146.50", "-3", "1e3", "a lot"))
        case "date":
            return st.sampled_from(("", "2026-11-30", "soon"))
        case "text":
            return _FORM_BODIES
        case _:
            return _SHORT

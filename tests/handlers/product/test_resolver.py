"""One resolver: what a message means among all that there is, and what is said where it means nothing."""

from __future__ import annotations

import pytest

from governance.visibility import EVERYTHING, Scope
from handlers.conversation.cards import Buttons, Reply
from handlers.conversation.subjects import reply_of
from handlers.delivery.whereabouts.subjects import WORK
from handlers.language.kinds import find_kinds
from handlers.language.resolver import Found, Meant, NotThere, Several, resolve, resolve_all
from tests.handlers.product.conftest import MARKER, Product

RACHELS = Scope(everything=False, accounts=frozenset({"acme-corp"}))


async def _meant(product: Product, text: str, *kinds: str, scope: Scope = EVERYTHING) -> Meant | None:
    async with product.talk.desk() as desk:
        return await resolve(desk, text, kinds or WORK, scope)


def _short(meant: Meant | None) -> str | tuple[str, ...] | None:
    match meant:
        case Found(kind=kind):
            return f"{kind} {meant.id}"
        case Several(candidates):
            return tuple(sorted(one.id for one in candidates))
        case NotThere(kind=kind, written=written):
            return f"no {kind} {written}"
    return None


@pytest.mark.parametrize(
    ("text", "kinds", "expected"),
    [
        ("where is CARD-2", (), "story CARD-2"),
        ("card-2?", (), "story CARD-2"),
        ("REQ-1 and the rest", (), "request REQ-1"),
        ("EPIC-1", (), "epic EPIC-1"),
        ("CARD-99999", (), "no story CARD-99999"),
        ("pl_0123456789", (), "no plan pl_0123456789"),
        ("refunds by self-service", (), "epic EPIC-1"),
        ("how are the refunds doing", (), "epic EPIC-1"),
        ("refund several payments at once", (), "story CARD-2"),
        ("Acme", (), "account acme-corp"),
        ("what did Globex ask for? anything for Globex", (), "no account Globex"),
        ("customer Globex", (), "no account Globex"),
        ("anything for Friday", (), None),
        ("anything from Leila", (), None),
        ("pause the wishlist plan", ("plan",), "no plan wishlist"),
        ("freeze the teleporter service", ("service",), "no service teleporter"),
        ("freeze it", ("service",), None),
        ("freeze checkout, not the payment service", ("service",), "service checkout"),
        ("do not freeze checkout", ("service",), "service checkout"),
        ("freeze everything except checkout", ("service",), None),
        ("ask Team Alpha", ("team",), "team alpha"),
        ("team zulu", ("team",), "no team zulu"),
        ("make sarah an architect", ("person",), "person sarah"),
        ("sarha lindholt", ("person",), "person sarah"),
        ("move it to sprint 2 of Team Alpha", ("sprint",), "sprint alpha-s2"),
        ("the insights team's next sprint", ("sprint",), "sprint insights-s2"),
        ("the next sprint", ("sprint",), ("alpha-s2", "insights-s2")),
        ("overrule the backend engineer agent", ("agent",), "agent backend_engineer"),
    ],
)
async def test_one_resolver_for_every_kind(
    product: Product, text: str, kinds: tuple[str, ...], expected: str | tuple[str, ...] | None
) -> None:
    assert _short(await _meant(product, text, *kinds)) == expected


async def test_what_somebody_may_not_see_is_neither_found_nor_near(product: Product) -> None:
    for text in ("EPIC-2", "CARD-4", "Halden", "customer Halden", "payment plumbing", "for Halden Logistics"):
        meant = await _meant(product, text, scope=RACHELS)
        assert not isinstance(meant, Found), text
        assert MARKER not in repr(meant), text
    unknown = await _meant(product, "customer Haldon", scope=RACHELS)
    assert isinstance(unknown, NotThere)
    assert unknown.nearest == ()
    assert reply_of(unknown, "status", "customer Haldon").text == "“Haldon” is no customer of yours."


async def test_what_does_not_exist_is_said_with_what_is_near(product: Product) -> None:
    (reply,) = (await product.talk.say("david", "/status customer Acne Corporation")).replies
    assert reply.text == "“Acne Corporation” is no customer of ours. Did you mean Acme Corp?"
    (button,) = _buttons(reply)
    assert button == ("ask", "status customer acme-corp")
    (reply,) = (await product.talk.press("david", *button)).replies
    assert "Acme Corp" in reply.text


async def test_a_name_that_fits_several_asks_with_a_button_for_each(product: Product) -> None:
    (reply,) = (await product.talk.say("carlos", "/freeze payment until friday")).replies
    assert "Which one do you mean" in reply.text
    first, *others = _buttons(reply)
    assert first == ("ask", "freeze payment-service until friday")
    assert others
    (frozen,) = (await product.talk.press("carlos", *first)).replies
    assert "Frozen: the service payment-service" in frozen.text
    assert "until the end of Fri 27 Nov" in frozen.text


async def test_everybody_of_one_name_is_asked_about(product: Product) -> None:
    async with product.talk.desk() as desk:
        found = await resolve_all(desk, "Sarah and Mike, not sarah", "person", EVERYTHING)
    assert [_short(one) for one in found] == ["person sarah", "person mike"]


async def test_no_kind_shows_anything_to_somebody_who_may_see_nothing(product: Product) -> None:
    nothing = Scope(everything=False)
    told = "the webhooks dashboard, exports and refunds of Acme Corp from PRD-2025-Q1-Dashboard"
    async with product.talk.desk() as desk:
        for name in ("epic", "story", "account", "document"):
            assert list(await find_kinds()[name].find(desk, EVERYTHING, told)), name
        for name in ("epic", "story", "account", "request", "plan", "set_up_plan", "document", "approval"):
            assert not list(await find_kinds()[name].find(desk, nothing, told)), name


def _buttons(reply: Reply) -> list[tuple[str, str]]:
    return [
        (button.verb, button.subject)
        for card in reply.cards
        for block in card.blocks
        if isinstance(block, Buttons)
        for button in block.buttons
    ]

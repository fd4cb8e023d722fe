"""Mail from a mailbox in Microsoft 365 keeps the contract over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from governance.action import Grant
from integrations import CannotTell
from integrations.graph import Graph, GraphSettings
from integrations.mail import MailError, MailUnsure
from integrations.mail.vendors.graph import GraphMail
from simulators.microsoft import FakeMicrosoft, serving
from simulators.microsoft.server import Fault
from tests.integrations.mail.mail_contract import MailContract, WentOut, grant, message


@pytest.fixture
async def microsoft() -> AsyncIterator[FakeMicrosoft]:
    async with serving() as fake:
        yield fake


@pytest.fixture
async def mail(microsoft: FakeMicrosoft) -> AsyncIterator[GraphMail]:
    given = {name.lower(): value for name, value in microsoft.settings.items()}
    mail = GraphMail(Graph(GraphSettings(_env_file=None, **given)))  # type: ignore[call-arg, arg-type]
    yield mail
    await mail.close()


class TestGraphMail(MailContract):
    @pytest.fixture
    def mail(self, mail: GraphMail) -> GraphMail:
        return mail

    @pytest.fixture
    def went_out(self, microsoft: FakeMicrosoft) -> WentOut:
        return lambda: microsoft.sent


async def test_an_id_that_exchange_gives_is_put_right(mail: GraphMail, microsoft: FakeMicrosoft) -> None:
    microsoft.renames_messages = True
    leave = grant()
    sent = await mail.send_mail(leave, message())
    assert await mail.what_happened(leave.id) == sent


async def test_a_lost_answer_to_the_draft_sends_none_twice(mail: GraphMail, microsoft: FakeMicrosoft) -> None:
    microsoft.faults = ["dropped"]
    leave = grant()
    with pytest.raises(MailError, match="nothing was sent"):
        await mail.send_mail(leave, message())
    assert await mail.what_happened(leave.id) is None
    await mail.send_mail(leave, message())
    await mail.send_mail(leave, message())
    assert len(microsoft.sent) == 1
    assert len(microsoft.messages) == 1


async def test_a_lost_answer_to_the_send_is_asked_for(mail: GraphMail, microsoft: FakeMicrosoft) -> None:
    one, other = grant(), grant()
    await mail.send_mail(grant(), message())
    cases: tuple[tuple[Grant, Fault, bool], ...] = ((one, "dropped", True), (other, "lost", False))
    for leave, fault, arrived in cases:
        # The draft is made; then the answer to `send` does not come.
        microsoft.faults = ["none", fault]
        with pytest.raises(MailUnsure):
            await mail.send_mail(leave, message())
        assert (await mail.what_happened(leave.id) is not None) is arrived


async def test_without_permission_it_says_so(mail: GraphMail, microsoft: FakeMicrosoft) -> None:
    microsoft.faults = ["forbidden"]
    with pytest.raises(MailError, match="does not let this application send"):
        await mail.send_mail(grant(), message())
    microsoft.faults, microsoft.on_writes = ["forbidden"], False
    with pytest.raises(CannotTell):
        await mail.what_happened("gr_1")

"""What the page sends: something said, a button pressed. JSON in, JSON out, refusals as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from agents.plans.rows import NoSuchPlan
from bot.console.adapter import announce
from bot.console.dashboard.approvals import ADAPTERS, CannotDecide, decide_here, fresh_thread
from bot.console.dashboard.plan_reading import CannotCorrect, correct_here
from bot.console.messages import NoSuchThread, NothingSaid, say
from bot.console.visit import RECEPTION, Visit, visit
from bot.inbox import LONGEST_TEXT, store_click
from bot.platforms.forms import FormIncomplete, Values, check_values
from bot.tables import ButtonRow, OutboxRow
from bot.wire import form_from_json, place_from_json
from governance.outside_text import storable
from governance.places import Place


class NoSuchButton(LookupError):
    """No button has this token, or it was posted where this person does not read."""


async def button_for(visiting: Visit, token: str) -> tuple[ButtonRow, Place]:
    """A button and the thread in which it was posted. Raises NoSuchButton."""
    query = select(ButtonRow, OutboxRow).join(OutboxRow, OutboxRow.id == ButtonRow.outbox)
    found = (await visiting.tx.execute(query.where(ButtonRow.token == token))).first()
    if found is None:
        raise NoSuchButton(token)
    button, posted = found
    place = place_from_json(posted.place)
    if place.platform != "console" or not visiting.residents.channel_for(visiting.reader.person, place.channel):
        raise NoSuchButton(token)
    return button, place


async def press(visiting: Visit, *, token: str, values: Values, key: str) -> Place:
    """Store a pressed button and queue its turn; a repeated `key` does nothing.

    Raises NoSuchButton and FormIncomplete.
    """
    button, place = await button_for(visiting, token)
    if button.form is None and values:
        raise FormIncomplete("This button asks for nothing.")
    if button.form is not None:
        values = check_values(form_from_json(button.form), values)
    await store_click(
        visiting.tx,
        platform="console",
        key=key,
        identity=visiting.reader.identity,
        place=place,
        token=token,
        values=values,
    )
    await announce(visiting.tx, place, "")
    return place


_Key = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
_Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]
_Value = Annotated[str, Field(max_length=LONGEST_TEXT)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SayBody(_Body):
    """Something said. `key` is a UUID that the page made, so that sending again says it once. `text` is cleaned
    when it is said."""

    key: _Key
    channel: _Name
    thread: _Name | None = None
    text: str


class ClickBody(_Body):
    """A button pressed, with its form's answers, which are cleaned where they are held against the form."""

    key: _Key
    token: _Name
    values: Annotated[
        dict[_Name, _Value | Annotated[list[_Value], Field(max_length=500)]], Field(max_length=100)
    ]


class DecisionBody(_Body):
    """A vote cast in the dashboard. Whoever asked reads the reason of a denial."""

    key: _Key
    choice: Literal["approve", "deny"]
    reason: Annotated[str, Field(max_length=2000)] = ""


class ReadingBody(_Body):
    """Statements of a plan's document, by their places, that are to be read as something else."""

    key: _Key
    version: int
    corrections: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[0-9]{1,5}$")],
            Literal["in", "constraint", "later", "out", "none", "detail"],
        ],
        Field(min_length=1, max_length=200),
    ]


_Read = TypeVar("_Read", bound=_Body)


async def post_say(request: web.Request) -> web.Response:
    """Store something said; its answer comes as an event."""
    body = await _body(request, SayBody)
    if len(body.text) > LONGEST_TEXT:
        return refusal(
            413, f"That is {len(body.text):,} characters; {LONGEST_TEXT:,} are the most. Nothing was sent."
        )
    async with visit(request) as visiting:
        channel = visiting.channel(body.channel)
        try:
            place = await say(
                visiting.tx, visiting.reader, channel, thread=body.thread, text=body.text, key=body.key
            )
        except NothingSaid:
            return refusal(400, "There is nothing in this message to read.")
        except NoSuchThread:
            return refusal(404, "There is no such thread here.")
    return web.json_response({"channel": place.channel, "thread": place.thread})


async def post_click(request: web.Request) -> web.Response:
    """Store a pressed button; what came of it comes as an event."""
    body = await _body(request, ClickBody)
    async with visit(request) as visiting:
        try:
            place = await press(visiting, token=body.token, values=body.values, key=body.key)
        except NoSuchButton:
            return refusal(404, "This button is gone, or it is not yours to press.")
        except FormIncomplete as incomplete:
            return refusal(422, str(incomplete))
    return web.json_response({"channel": place.channel, "thread": place.thread})


async def post_decision(request: web.Request) -> web.Response:
    """Store a vote cast in the dashboard; the page shows what came of it when it is loaded again."""
    body = await _body(request, DecisionBody)
    approval, reason = request.match_info["approval"], body.reason.strip()
    try:
        fresh = await _fresh(request)
        async with visit(request) as visiting:
            await decide_here(visiting, fresh, approval, body.choice, reason=reason, key=body.key)
    except CannotDecide as cannot:
        return refusal(409, str(cannot))
    return web.json_response({})


async def post_reading(request: web.Request) -> web.Response:
    """Store a correction of how a plan's document was read; the plan is then worked out again."""
    body = await _body(request, ReadingBody)
    plan = request.match_info["plan"]
    try:
        fresh = await _fresh(request)
        async with visit(request) as visiting:
            await correct_here(visiting, fresh, plan, body.version, body.corrections, body.key)
    except NoSuchPlan:
        return refusal(404, "There is no such plan, or you may not see it.")
    except (CannotCorrect, CannotDecide) as cannot:
        return refusal(409, str(cannot))
    return web.json_response({})


async def _fresh(request: web.Request) -> Place:
    """A new thread with whoever sent the request, found between two visits: the platform may have to be asked.

    Raises CannotDecide.
    """
    reception = request.app[RECEPTION]
    async with visit(request) as visiting:
        reader = visiting.reader
    return await fresh_thread(reception.database, reception.tenant, request.app[ADAPTERS](), reader)


def refusal(status: int, sentence: str) -> web.Response:
    """An answer that the page shows to the reader as it stands."""
    return web.json_response({"error": sentence}, status=status)


async def posted_form(request: web.Request) -> Mapping[str, object]:
    """The fields of a form that a page sent. Raises HTTPBadRequest for what is none."""
    try:
        return await request.post()
    except (ValueError, LookupError) as rubbish:  # no boundary, bytes that are no text, no such charset
        raise web.HTTPBadRequest(text="This form cannot be read.") from rubbish


async def _body(request: web.Request, model: type[_Read]) -> _Read:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON, with the content type application/json.")
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as rubbish:
        first = rubbish.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise web.HTTPBadRequest(text=f"This cannot be read: {where}: {first['msg']}.") from rubbish

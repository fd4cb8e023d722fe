"""The frame around every page: places at the left, who is visiting, light or dark."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.console.access import open_pages
from bot.console.dashboard.outbox import OUTBOX
from bot.console.protection import protect
from bot.console.render import author, render
from bot.console.visit import RECEPTION, Visit

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """A page of the dashboard, as the frame lists it."""

    name: str
    title: str
    icon: str


DASHBOARD = (
    DashboardPage("approvals", "Approvals", "ballot"),
    DashboardPage("plans", "Plans", "plan"),
    DashboardPage("audit", "Audit log", "seal"),
    DashboardPage("overrides", "Overrides", "hand"),
    DashboardPage("outbox", "Outbox", "send"),
)


def add_frame(app: web.Application) -> None:
    """Serve what every page is made with, and set the page policy on every answer."""
    app.on_response_prepare.append(protect)
    app.router.add_static("/static/", STATIC)


async def page(
    request: web.Request, visiting: Visit, template: str, *, here: str, **context: Any
) -> web.Response:
    """A whole page in its frame. `here` is the channel or dashboard page that is open."""
    person = visiting.reader.person
    opened = await open_pages(visiting)
    if OUTBOX not in request.app:
        opened -= {"outbox"}
    html = render(
        template,
        residents=visiting.residents,
        reader=visiting.reader,
        me=author(person.name, person.id),
        author=author,
        dashboard=[shown for shown in DASHBOARD if shown.name in opened],
        here=here,
        zone=visiting.zone,
        theme=theme_of(request),
        static=static_url,
        **await request.app[RECEPTION].authentication.page_context(request, visiting),
        **({"pane": None} | context),
    )
    return web.Response(text=html, content_type="text/html")


def theme_of(request: web.Request) -> str | None:
    """`light` or `dark` if the reader chose one; None follows their system."""
    chosen = request.cookies.get("countersign_theme")
    return chosen if chosen in ("light", "dark") else None


@cache
def static_url(name: str) -> str:
    """The address of a static file, which changes with its content, so that it may be kept for long."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def error_page(status: int, sentence: str) -> str:
    """A refusal as a page of its own."""
    return render("error.html", status=status, sentence=sentence, static=static_url)

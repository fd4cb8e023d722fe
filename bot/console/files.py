"""Opening files that cards show: pictures in the page, everything else as a download."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web
from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.visit import visit
from bot.tables import FileRow
from governance.people import Person
from governance.visibility import Scope, scope_of

_SCOPE: TypeAdapter[Scope] = TypeAdapter(Scope)

_SHOWN_IN_PAGE = frozenset({"image/png"})


class NoSuchFile(LookupError):
    """There is no such file, or this person may not see what it shows."""


async def file(request: web.Request) -> web.Response:
    """A file that a card shows or links to, here or in another chat."""
    async with visit(request) as visiting:
        try:
            row = await read_file(visiting.tx, request.match_info["file"], visiting.reader.person)
        except NoSuchFile as missing:
            raise web.HTTPNotFound(text="There is no such file, or you may not see it.") from missing
    return file_response(row)


async def read_file(tx: AsyncSession, file: str, reader: Person) -> FileRow:
    """A file that `reader` may open. Raises NoSuchFile, which does not say whether it exists."""
    row = (await tx.execute(select(FileRow).where(FileRow.id == file))).scalar()
    if row is None or not covers(scope_of(reader), _SCOPE.validate_python(row.scope)):
        raise NoSuchFile(file)
    return row


def covers(reader: Scope, shown: Scope) -> bool:
    """Whether everything that `shown` names is within what `reader` sees."""
    return reader.everything or (not shown.everything and shown.accounts <= reader.accounts)


def file_response(row: FileRow) -> web.Response:
    """The file's bytes. What is not a picture is downloaded, never opened as a page of ours."""
    in_page = row.media_type in _SHOWN_IN_PAGE
    disposition = "inline" if in_page else "attachment"
    return web.Response(
        body=row.content,
        content_type=row.media_type if in_page else "application/octet-stream",
        headers={
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(row.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, max-age=3600",
        },
    )

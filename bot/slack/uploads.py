"""Stored files in Slack: pictures that a card shows, and documents beside it, each uploaded once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.tables import PlatformFileRow
from bot.slack.addresses import PLATFORM, Address
from bot.slack.errors import PictureRefused, error_of, is_for_later
from bot.tables import FileRow
from handlers.conversation.cards import Chart, File, Reply

_log = structlog.get_logger()

_LOOKS = 20
_BETWEEN_LOOKS = 0.25
"""An upload is worked on after it was taken; a block that names it earlier is refused."""


class Uploads:
    """Brings a reply's files to Slack."""

    async def pictures(
        self, tx: AsyncSession, client: AsyncWebClient, address: Address, reply: Reply
    ) -> Mapping[str, str]:
        """Upload the charts that are not there yet. Returns Slack's ids, by the stored file's id."""
        found: dict[str, str] = {}
        for block in _blocks(reply, Chart):
            uploaded = await self._known(tx, address.team, block.file)
            if uploaded is None:
                stored = await _stored(tx, block.file)
                uploaded = await _uploaded(client, stored.content, stored.name, block.alt[:200])
                if uploaded is None or not await _is_ready(client, uploaded):
                    continue  # its summary stands in the card, with a link
                await self._keep(tx, address.team, block.file, uploaded)
            found[block.file] = uploaded
        return found

    @asynccontextmanager
    async def uploaded_anew(self, tx: AsyncSession, address: Address, reply: Reply) -> AsyncIterator[None]:
        """For showing a reply's charts: those that Slack does not have are uploaded anew at the next try."""
        try:
            yield
        except PictureRefused:
            files = [block.file for block in _blocks(reply, Chart)]
            row = PlatformFileRow
            mine = row.platform == PLATFORM, row.account == address.team, row.file.in_(files)
            await tx.execute(delete(row).where(*mine))
            raise

    async def documents(
        self, tx: AsyncSession, client: AsyncWebClient, address: Address, reply: Reply, thread: str
    ) -> None:
        """Share a reply's documents in its thread, each once."""
        where = f"{address}:{thread}"
        for block in _blocks(reply, File):
            if await self._known(tx, where, block.file) is not None:
                continue
            stored = await _stored(tx, block.file)
            name = block.name
            uploaded = await _uploaded(client, stored.content, name, name, address.id, thread)
            if uploaded is not None:
                await self._keep(tx, where, block.file, uploaded)

    async def _known(self, tx: AsyncSession, where: str, file: str) -> str | None:
        row = PlatformFileRow
        query = select(row.uploaded).where(row.platform == PLATFORM, row.account == where, row.file == file)
        return (await tx.execute(query)).scalar()

    async def _keep(self, tx: AsyncSession, where: str, file: str, uploaded: str) -> None:
        row = insert(PlatformFileRow).values(platform=PLATFORM, account=where, file=file, uploaded=uploaded)
        await tx.execute(row.on_conflict_do_nothing())


async def _stored(tx: AsyncSession, file: str) -> FileRow:
    return (await tx.execute(select(FileRow).where(FileRow.id == file))).scalar_one()


_Block = TypeVar("_Block", Chart, File)


def _blocks(reply: Reply, kind: type[_Block]) -> Iterator[_Block]:
    for card in reply.cards:
        for block in card.blocks:
            if isinstance(block, kind):
                yield block


async def _uploaded(
    client: AsyncWebClient,
    content: bytes,
    name: str,
    title: str,
    channel: str | None = None,
    thread: str | None = None,
) -> str | None:
    """Slack's id of a file, now that it has it; None where it takes no files: the card says it all the same."""
    try:
        answer = await client.files_upload_v2(
            content=content, filename=name, title=title, channel=channel, thread_ts=thread
        )
    except SlackApiError as refused:
        if is_for_later(refused):
            raise
        _log.warning("slack_file_refused", why=error_of(refused))
        return None
    return str(answer["files"][0]["id"])


async def _is_ready(client: AsyncWebClient, uploaded: str) -> bool:
    """Wait until Slack has worked on a picture that it took; then it says of what type it is."""
    for _ in range(_LOOKS):
        file = (await client.files_info(file=uploaded))["file"]
        if file.get("mimetype") or file.get("thumb_360"):
            return True
        await asyncio.sleep(_BETWEEN_LOOKS)
    return False

"""Stored files in Slack: pictures that a card shows, and documents beside it, each uploaded once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TypeVar

from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.tables import PlatformFileRow
from bot.slack.addresses import PLATFORM, Address
from bot.tables import FileRow
from handlers.conversation.cards import Chart, File, Reply

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
                answer = await client.files_upload_v2(
                    content=stored.content, filename=stored.name, title=block.alt[:200]
                )
                uploaded = str(answer["files"][0]["id"])
                await _ready(client, uploaded)
                await self._keep(tx, address.team, block.file, uploaded)
            found[block.file] = uploaded
        return found

    async def documents(
        self, tx: AsyncSession, client: AsyncWebClient, address: Address, reply: Reply, thread: str
    ) -> None:
        """Share a reply's documents in its thread, each once."""
        where = f"{address}:{thread}"
        for block in _blocks(reply, File):
            if await self._known(tx, where, block.file) is not None:
                continue
            stored = await _stored(tx, block.file)
            answer = await client.files_upload_v2(
                content=stored.content,
                filename=block.name,
                title=block.name,
                channel=address.id,
                thread_ts=thread,
            )
            await self._keep(tx, where, block.file, str(answer["files"][0]["id"]))

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


async def _ready(client: AsyncWebClient, uploaded: str) -> None:
    """Wait until Slack has worked on a picture; a card that names it before is refused and tried again."""
    for _ in range(_LOOKS):
        file = (await client.files_info(file=uploaded))["file"]
        if file.get("mimetype") or file.get("thumb_360"):
            return
        await asyncio.sleep(_BETWEEN_LOOKS)

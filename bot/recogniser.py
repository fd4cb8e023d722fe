"""The recogniser, loaded in the background: a page answers before the sentence model is read."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from handlers.language.command import read_command
from handlers.language.recognition import Recognition

if TYPE_CHECKING:
    from handlers.language.recogniser import Recogniser


_MOST_BEGUN = 64
"""Texts that were begun and may never be asked for, because a follow-up took them."""

_MOST_KNOWN = 2000
"""Texts whose meaning is kept: people ask for the same in the same words, and it does not change."""


class BackgroundRecogniser:
    """The embedded recogniser. The first message may wait for it; `start` begins loading at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loading: asyncio.Task[Recogniser] | None = None
        self._begun: dict[str, asyncio.Task[Recognition]] = {}
        self._known: dict[bytes, Recognition] = {}

    def start(self) -> None:
        """Begin to load, in a thread."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._load))

    def begin(self, text: str) -> None:
        """Begin to work out what a text means, which will probably be asked: it takes as long as all the
        queries of a turn together, and goes on beside them."""
        if text not in self._begun and _key(text) not in self._known and read_command(text) is None:
            if len(self._begun) >= _MOST_BEGUN:
                self._begun.pop(next(iter(self._begun))).cancel()
            self._begun[text] = asyncio.create_task(self._recognise(text))

    async def recognise(self, text: str) -> Recognition:
        """See Recognises.recognise."""
        begun, key = self._begun.pop(text, None), _key(text)
        found = self._known.pop(key, None)
        if found is None:
            found = await (self._recognise(text) if begun is None else begun)
        self._known[key] = found  # the latest asked for stands last
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return found

    async def _recognise(self, text: str) -> Recognition:
        return await (await self._loaded()).recognise(text)

    async def _loaded(self) -> Recogniser:
        self.start()
        if self._loading is None:
            raise RuntimeError("start() begins the loading")
        return await asyncio.shield(self._loading)

    def _load(self) -> Recogniser:
        from handlers.language.recogniser import Recogniser  # brings numpy, which a page does not need

        self._folder.mkdir(parents=True, exist_ok=True)
        recogniser = Recogniser.load(self._folder)
        recogniser.warm()
        return recogniser


def _key(text: str) -> bytes:
    # What people said is kept in the database alone, where it can be erased.
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()

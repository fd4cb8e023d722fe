"""The recogniser, loaded in the background: a page answers before the sentence model is read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from handlers.recognise.recognition import Recognition

if TYPE_CHECKING:
    from handlers.recognise.recogniser import Recogniser


class BackgroundRecogniser:
    """The embedded recogniser. The first message may wait for it; `start` begins loading at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loading: asyncio.Task[Recogniser] | None = None

    def start(self) -> None:
        """Begin to load, in a thread."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._load))

    async def recognise(self, text: str) -> Recognition:
        """See Recognises.recognise."""
        return await (await self._loaded()).recognise(text)

    async def _loaded(self) -> Recogniser:
        self.start()
        if self._loading is None:
            raise RuntimeError("start() begins the loading")
        return await asyncio.shield(self._loading)

    def _load(self) -> Recogniser:
        from handlers.recognise.recogniser import Recogniser  # brings numpy, which a page does not need

        self._folder.mkdir(parents=True, exist_ok=True)
        recogniser = Recogniser.load(self._folder)
        recogniser.warm()
        return recogniser

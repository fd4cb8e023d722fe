"""What a command writes: all of it in a file up to a limit, its beginning and end in memory."""

from __future__ import annotations

from typing import BinaryIO


class Output:
    """Takes a command's output as it comes; `too_much` once it is more than `most` bytes, and no more is
    kept."""

    def __init__(self, file: BinaryIO, shown: int, most: int) -> None:
        self._file, self._most = file, most
        self._half = max(shown // 2, 1)
        self._head, self._tail = bytearray(), bytearray()
        self._kept = 0
        self.too_much = False

    def take(self, data: bytes) -> None:
        """What has come next."""
        kept = data[: self._most - self._kept]
        self.too_much = self.too_much or len(kept) < len(data)
        self._file.write(kept)
        self._kept += len(kept)
        room = self._half - len(self._head)
        self._head += kept[:room]
        self._tail += kept[max(room, 0) :]
        del self._tail[: -self._half]

    def shown(self) -> str:
        """Its beginning and its end, with how much was left out between them."""
        left_out = self._kept - len(self._head) - len(self._tail)
        head, tail = (part.decode("utf-8", "replace") for part in (self._head, self._tail))
        return (
            f"{head}\n[… {left_out:,} bytes left out …]\n{tail}" if left_out else _whole(self._head, self._tail)
        )


def _whole(head: bytearray, tail: bytearray) -> str:
    """Joined before they are read, for a letter may be cut in two."""
    return bytes(head + tail).decode("utf-8", "replace")

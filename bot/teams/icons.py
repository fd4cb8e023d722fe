"""The app's icons, drawn from the lines of our mark: one in colour, one white on nothing."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
_Grid = NDArray[np.float64]

ACCENT = "#2F4AB8"
"""The mark's ground."""

# The signature and the line below it, in a square of 32 by 32, as cubic Bézier curves end to end.
_SIGNATURE: tuple[tuple[Point, Point, Point, Point], ...] = (
    ((8, 17.5), (10.5, 21.5), (12, 23), (13.2, 23)),
    ((13.2, 23), (16, 23), (18, 9), (21.5, 9)),
    ((21.5, 9), (23.7, 9), (22.7, 15.5), (19.5, 18.5)),
)
_LINE: tuple[Point, Point] = ((17.5, 22.5), (24, 22.5))
_STROKE = 2.4
_SQUARE = 32


def color_icon() -> bytes:
    """A PNG of 192 by 192: the mark in white on our colour."""
    ground = np.array([int(ACCENT[place : place + 2], 16) for place in (1, 3, 5)], dtype=np.float64)
    ink = _ink(192)[..., np.newaxis]
    mixed = ground * (1 - ink) + 255 * ink
    opaque = np.full((192, 192, 1), 255.0)
    return _png(np.concatenate([mixed, opaque], axis=2))


def outline_icon() -> bytes:
    """A PNG of 32 by 32: the mark in white on transparent."""
    white = np.full((32, 32, 3), 255.0)
    return _png(np.concatenate([white, 255 * _ink(32)[..., np.newaxis]], axis=2))


def _ink(side: int) -> _Grid:
    """How much of each pixel the mark's strokes cover, 0 to 1."""
    pixel = _SQUARE / side
    centres = (np.arange(side) + 0.5) * pixel
    x, y = np.meshgrid(centres, centres)
    distance = np.full((side, side), np.inf)
    for points in ([point for curve in _SIGNATURE for point in _along(curve)], _LINE):
        for start, end in pairwise(points):
            distance = np.minimum(distance, _distance(x, y, start, end))
    covered: _Grid = np.clip((_STROKE / 2 - distance) / pixel + 0.5, 0, 1)
    return covered


def _along(curve: Sequence[Point], steps: int = 24) -> list[Point]:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    points = []
    for step in range(steps + 1):
        t = step / steps
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
        points.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return points


def _distance(x: _Grid, y: _Grid, start: Point, end: Point) -> _Grid:
    """From each pixel to the nearest point between `start` and `end`, which differ or are one point."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = across**2 + down**2 or 1.0
    along = np.clip(((x - start[0]) * across + (y - start[1]) * down) / length, 0, 1)
    distance: _Grid = np.hypot(x - start[0] - along * across, y - start[1] - along * down)
    return distance


def _png(pixels: _Grid) -> bytes:
    """Red, green, blue and alpha, 0 to 255, as a PNG."""
    height, width, _ = pixels.shape
    rows = np.rint(pixels).astype(np.uint8)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )

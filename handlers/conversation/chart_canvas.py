"""What charts are drawn on and with: the ground, the colours, the words beside what is drawn.

The ground is part of the picture, for a client may show it on white or on black.
"""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

GROUND = "#fcfcfb"
INK = "#23272f"
SOFT = "#5d6470"
GRID = "#e4e2dc"
BAR = "#5b74d6"
PALE = "#c9d2f2"
OVER = "#c8473d"
ACCENT = "#2f4ab8"
WARM = "#b8741a"


def beside(axes: Axes, words: str, end: float, position: float) -> None:
    """Words behind the end of a lying bar."""
    axes.annotate(
        words,
        (end, position),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=SOFT,
        fontsize=9.5,
    )


def label(axes: Axes, words: str, x: float, y: float, colour: str) -> None:
    """Words right of a point."""
    axes.annotate(
        words,
        (x, y),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        fontsize=10,
        fontweight="bold",
    )


def blank(height: float) -> tuple[Figure, Axes]:
    """A figure 7.4 inches wide that nothing else refers to: drawing is safe in any thread."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, height), dpi=160, facecolor=GROUND)
    figure.set_layout_engine("constrained", w_pad=0.14, h_pad=0.12)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=GROUND)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=SOFT, labelsize=9.5, length=0)
    axes.xaxis.label.set(color=SOFT, fontsize=9.5)
    axes.yaxis.label.set(color=SOFT, fontsize=9.5)
    axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def title(axes: Axes, words: str) -> None:
    """Above the picture, at its left."""
    axes.set_title(words, loc="left", fontsize=12, fontweight="bold", color=INK, pad=10)


def dates(axes: Axes) -> None:
    """Days along the bottom."""
    from matplotlib import dates as matplotlib_dates

    untyped: Any = matplotlib_dates
    locator = untyped.AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))


def whole_numbers(axis: Axis) -> None:
    """Steps of whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins="auto", steps=[1, 2, 5, 10], integer=True))


def day(day: date) -> str:
    """`3 March 2027`."""
    return f"{day.day} {day:%B %Y}"


def png(figure: Figure) -> bytes:
    """The picture's bytes."""
    written = io.BytesIO()
    figure.savefig(written, format="png", facecolor=GROUND)
    return written.getvalue()

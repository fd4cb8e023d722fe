"""Where a document's parts stand: headings, lists and tables as they open and close, whatever the markup."""

from __future__ import annotations

from collections.abc import Sequence

from agents.planning.reading.outline import Heading, Passage, PassageKind


class Walk:
    """Takes in what is met, in order, and keeps the passages with their sections, lists and columns."""

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self.passages: list[Passage] = []
        self.quoted = 0
        self._path: list[Heading] = []
        self._items: list[int | None] = []
        self._introduction: int | None = None  # the paragraph that a list here belongs to
        self._columns: tuple[str, ...] = ()

    def heading(self, text: str, level: int, line: int) -> None:
        """A section begins."""
        if not text.strip():
            return
        found = Heading(text, level, line)
        self.headings.append(found)
        self._path = [h for h in self._path if h.level < level] + [found]
        self._introduction = None

    def open_item(self) -> None:
        """A list item begins; what follows is inside it."""
        self._items.append(None)

    def close_item(self) -> None:
        """The innermost list item ends."""
        if self._items:
            self._items.pop()

    def paragraph(
        self, lines: Sequence[str], line: int, strong: str = "", *, struck: bool = False, linked: bool = False
    ) -> None:
        """Words on their own or in a list item; nothing but bold words are a heading."""
        text = " ".join(lines).strip()
        if not text:
            return
        if not self._items and strong and text.strip(" :") == strong.strip(" :") and len(text) < 80:
            self.heading(strong.strip(" :"), 7, line)
            return
        if not self._items:
            self._add("paragraph", lines, line, strong, struck=struck, linked=linked)
            return
        first = self._items[-1] is None
        self._add("item", lines, line, strong, first=first, struck=struck, linked=linked)
        if first:
            self._items[-1] = len(self.passages) - 1

    def columns(self, names: Sequence[str]) -> None:
        """The head of the table whose rows come now; empty if it has none."""
        self._columns = tuple(name.strip() for name in names)

    def row(self, cells: Sequence[str], line: int, *, struck: bool = False) -> None:
        """A table's row."""
        if not any(cell.strip() for cell in cells):
            return
        columns = [*self._columns, *[""] * len(cells)]
        pairs = tuple((column, cell.strip()) for column, cell in zip(columns, cells, strict=False))
        self.passages.append(
            Passage(
                "row", (" | ".join(cells),), line, tuple(self._path), "other", cells=pairs, struck=struck
            )
        )  # fmt: skip
        self._introduction = None

    def verbatim(self, kind: PassageKind, lines: Sequence[str], line: int) -> None:
        """Code, or what its readers do not see."""
        self._add(kind, lines, line)

    def _add(
        self,
        kind: PassageKind,
        lines: Sequence[str],
        line: int,
        strong: str = "",
        *,
        first: bool = True,
        struck: bool = False,
        linked: bool = False,
    ) -> None:
        above = self._items[:-1] if first else self._items
        parent = next((index for index in reversed(above) if index is not None), None)
        if kind == "item" and parent is None:
            parent = self._introduction
        self.passages.append(
            Passage(
                kind, tuple(lines), line, tuple(self._path), "other", len(self._items), parent,
                strong=strong, struck=struck, quoted=self.quoted > 0, linked=linked,
            )
        )  # fmt: skip
        if kind != "item":
            leads = kind == "paragraph" and bool(strong or " ".join(lines).rstrip().endswith(":"))
            self._introduction = len(self.passages) - 1 if leads else None

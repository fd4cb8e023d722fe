"""Documents that nobody wrote on purpose: requirements documents, cut, glued and unbalanced, by seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

LONGEST = 60_000
"""Characters of a mutated document; what grows beyond is cut."""

_ODD = (
    "\u00a0", "\u2028", "\u2029", "\u0085", "\u200d", "\u202e", "\ufeff", "\ufffd", "\U0001f3f3\ufe0f",
    "\u0301" * 9, "\ud7ff", "\ue000", "\ue0007", "\U0010ffff", "\u0130", "\u1e9e", "\u0669", "\u00bd",
    "\u3002", "\u4e00", "\x1c", "\x85", "\t", "\x0b", "\x0c",
)  # fmt: skip
_MARKUP = (
    "```", "~~~", "<table>", "</table>", "<tr><td>", "</td>", "<th>", "<ul><li>", "</li>", "</ul>", "<del>",
    "</del>", "~~", "<!--", "-->", "<script>", "</script>", "<h2>", "</h2>", "<p", "<a href='", "&#x;",
    "&nbsp;", "<![CDATA[", "<?xml", "</", "{info}", "{panel:title=", "{code}", "|", "| a |", "|---|",
    "+---+---+", "+===+", "---- ----", "------------", "===", "***", "**", "__", "`", "[x]", "[", "](", ")",
    "((", "> ", "# ", "###### ", "1.1 ", "FR-1 ", "- ", "- [ ] ", "1. ", "---", "\n\n", "\n", ": ", "; ",
    "As a ", "I want ", "Given ", "Scenario: ", "before ", "needs ", "not ", "is out of scope",
)  # fmt: skip
_RUNS = (
    "a", "a ", " ", "\n", "(", ")", "[", "*", "_", "`", "~", "#", ">", "|", "-", "+", "<", "&", "{", "1",
    "1.", ".", ", ", "A1 ", "FR-1 ", "not ", "and the ", "is ", "x is y, ", "> > ", "- - ", "\t", "<li>",
    "<b>", "<ul><li>", "</div>", "{a}", "![](", "[a](", "\\", '"', "after it, ", "As a user, I want ",
    "| a ", "A" * 40 + " ", "è", "字",
)  # fmt: skip


class Mutations:
    """Draws mutated documents; the same seed draws the same."""

    def __init__(self, seed: int, documents: Sequence[str]) -> None:
        self._random = Random(seed)
        self._documents = documents
        self._ways: tuple[Callable[[str], str], ...] = (
            self._cut, self._repeated, self._swapped, self._odd, self._nested, self._unbalanced, self._glued,
            self._sliced, self._run, self._joined, self._unpointed, self._ragged,
        )  # fmt: skip

    def document(self) -> str:
        """One of the documents, changed in one to four ways."""
        text = self._random.choice(self._documents)
        for _ in range(self._random.randint(1, 4)):
            text = self._random.choice(self._ways)(text)[:LONGEST]
        return text

    def _span(self, text: str, most: int) -> tuple[int, int]:
        begin = self._random.randrange(len(text) + 1)
        return begin, min(len(text), begin + self._random.randrange(most))

    def _cut(self, text: str) -> str:
        begin, end = self._span(text, 2_000)
        return text[:begin] + text[end:]

    def _repeated(self, text: str) -> str:
        begin, end = self._span(text, self._random.choice((5, 100, 1_000)))
        return text[:end] + text[begin:end] * self._random.choice((2, 10, 200)) + text[end:]

    def _swapped(self, text: str) -> str:
        lines = text.split("\n")
        for _ in range(self._random.randint(1, len(lines))):
            one, other = self._random.randrange(len(lines)), self._random.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
        return "\n".join(lines)

    def _odd(self, text: str) -> str:
        letters = list(text)
        for _ in range(self._random.randint(1, 40) if letters else 0):
            letters[self._random.randrange(len(letters))] = self._random.choice(_ODD)
        return "".join(letters)

    def _nested(self, text: str) -> str:
        """Lines as items of ever deeper lists, in Markdown or in HTML."""
        lines = text.split("\n")
        begin = self._random.randrange(len(lines))
        depth = self._random.choice((3, 30, 300))
        step = self._random.choice((1, 2, 4))
        for place, index in enumerate(range(begin, min(len(lines), begin + depth))):
            lines[index] = (
                f"<ul><li>{lines[index]}" if depth == 300 else f"{' ' * step * place}- {lines[index].strip()}"
            )
        return "\n".join(lines)

    def _unbalanced(self, text: str) -> str:
        for _ in range(self._random.randint(1, 12)):
            at = self._random.randrange(len(text) + 1)
            text = text[:at] + self._random.choice(_MARKUP) + text[at:]
        return text

    def _glued(self, text: str) -> str:
        return text + self._random.choice(("", "\n", "\n\n", " ")) + self._random.choice(self._documents)

    def _sliced(self, text: str) -> str:
        slices = [text]
        for _ in range(self._random.randint(1, 8)):
            other = self._random.choice(self._documents)
            begin, end = self._span(other, 600)
            slices.append(other[begin:end])
        self._random.shuffle(slices)
        return "".join(slices)

    def _run(self, text: str) -> str:
        """A long run of one thing, alone on a line or within one."""
        run = self._random.choice(_RUNS)
        at = self._random.randrange(len(text) + 1)
        around = self._random.choice(("", "\n", "\n\n"))
        long = run * (self._random.choice((50, 1_000, 4_900, 20_000)) // len(run))
        return text[:at] + around + long + around + text[at:]

    def _joined(self, text: str) -> str:
        """Lines joined into one another: paragraphs, headings and tables run together."""
        lines = text.split("\n")
        begin = self._random.randrange(len(lines))
        end = begin + self._random.choice((3, 30, 3_000))
        return "\n".join([*lines[:begin], " ".join(lines[begin:end]), *lines[end:]])

    def _unpointed(self, text: str) -> str:
        """Without full stops, or without empty lines."""
        lost = self._random.choice((".", "\n\n", " ", "|", ","))
        return text.replace(lost, "\n" if lost == "\n\n" else "")

    def _ragged(self, text: str) -> str:
        """Cells and indentation gone from some lines."""
        lines = text.split("\n")
        for _ in range(self._random.randint(1, 20)):
            index = self._random.randrange(len(lines))
            line = lines[index]
            lines[index] = self._random.choice(
                (line.lstrip(), f"    {line}", f"\t{line}", line[: len(line) // 2])
            )
        return "\n".join(lines)

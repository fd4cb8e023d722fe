"""Figures that a model cites instead of writing them.

The document is shown with each figure marked, `{d4: 2 seconds}`; lookups answer with `{f7: 12.5
agent-hours}`. A text by the model holds `{d4}` and `{f7}`, which are filled in here. Any other digit is
wrong, unless it is part of a name that stands in the document (`OAuth2`, `Payment Service v2`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agents.planning.quantities import quantities

_CITED = re.compile(r"\{([df]\d+)(?::[^{}]*)?\}")
_WITH_DIGIT = re.compile(r"[\w./+-]*\d[\w./+-]*")


class Citations:
    """What may be cited: the document's figures from the start, looked-up figures as they come."""

    def __init__(self, document: str) -> None:
        self._document = document
        self._values: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self.marked = self._mark(document)
        words = _WITH_DIGIT.findall(document)
        self._names = frozenset(word.strip(".") for word in words if re.search(r"[A-Za-z]", word))

    @property
    def values(self) -> Mapping[str, str]:
        """Id to the words that it stands for."""
        return self._values

    def cite(self, words: str) -> str:
        """A looked-up figure as it is shown to the model, with its id. The same words keep their id."""
        return f"{{{self._id('f', words)}: {words}}}"

    def problems(self, texts: Iterable[str]) -> list[str]:
        """What is wrong with figures in these texts, in sentences; empty if nothing is."""
        found = []
        for text in texts:
            unknown = [name for name in _CITED.findall(text) if name not in self._values]
            found += [f"{{{name}}} in “{text[:80]}” is no figure that you were shown." for name in unknown]
            bare = _CITED.sub(" ", text)
            found += [
                f"“{word}” in “{text[:80]}” is a figure of your own; cite one as {{d1}} or {{f1}}."
                for word in self._written(bare)
            ]
        return found

    def fill(self, text: str) -> str:
        """The text with its citations replaced by what they stand for."""
        return _CITED.sub(lambda m: self._values.get(m[1], m[0]), text)

    def _written(self, text: str) -> list[str]:
        measures = [q.text for q in quantities(text) if re.search(r"\d", q.text)]
        rest = text
        for measure in measures:
            rest = rest.replace(measure, " ")
        others = [word.strip(".") for word in _WITH_DIGIT.findall(rest)]
        return measures + [word for word in others if word not in self._names]

    def _mark(self, document: str) -> str:
        """The document with its figures marked, and their values kept."""
        marked: list[str] = []
        for line in document.split("\n"):
            last = 0
            for q in quantities(line):
                if q.start < last or not re.search(r"\d", q.text):
                    continue
                marked.append(
                    f"{line[last : q.start]}{{{self._id('d', line[q.start : q.end].strip())}: {q.text}}}"
                )
                last = q.end
            marked.append(line[last:] + "\n")
        return "".join(marked)

    def _id(self, letter: str, words: str) -> str:
        if words not in self._ids:
            number = sum(name.startswith(letter) for name in self._values) + 1
            self._ids[words] = f"{letter}{number}"
            self._values[f"{letter}{number}"] = words
        return self._ids[words]


def delimited(text: str, digest: str) -> str:
    """A document as data: between two marks that its text cannot contain, for they hold its digest."""
    mark = f"document-{digest[:16]}"
    return f"<{mark}>\n{text}\n</{mark}>"

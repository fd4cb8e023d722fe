"""YAML whose values know their line, for files that people write and that must say where they are wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

# The parser written in C reads a department's file ten times as fast as the other one, and comes in the
# same package: every process reads these files before it answers anything.
_Loader: Any = yaml.CSafeLoader

_DEEPEST = 100
"""Levels of nesting that are read: the parser follows them on the process's own stack."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""What the parser refuses where it stands as it is, and takes where it is written `\\0`."""

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of the document to a value."""


class MarkedYamlError(ValueError):
    """The text is no YAML that can be read here. `line` counts from 1; `why` says what to do about it."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True)
class MarkedDocument:
    """A YAML document's plain value, and the line (from 1) at which each part of it starts."""

    value: Any
    lines: Mapping[KeyPath, int]

    def line_of(self, path: KeyPath) -> int:
        """The line of the value at `path`, or of the nearest thing around it that is there."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> MarkedDocument:
    """Read one document. Raises MarkedYamlError: broken syntax, a key written twice, aliases, no document.

    Aliases are refused, for nothing here needs them and nested ones grow without bound.
    """
    try:
        _look_through(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise MarkedYamlError(1, "the file is empty")
        lines: dict[KeyPath, int] = {}
        _mark(node, (), lines)
        return MarkedDocument(loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        raise MarkedYamlError(_line(error.problem_mark), f"this is not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1  # it counts bytes
        raise MarkedYamlError(line, "remove the control character") from error


def _look_through(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise MarkedYamlError(_line(event.start_mark), "write the value out instead of an alias (*)")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise MarkedYamlError(_line(event.start_mark), "the file is nested too deeply")


def _line(mark: Any) -> int:
    """From 1. PyYAML leaves the mark out of a few errors; those are at the top."""
    return 1 if mark is None else int(mark.line) + 1


def _mark(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    lines[path] = _line(node.start_mark)
    _demand_readable(node)
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _mark(item, (*path, position), lines)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _demand_readable(key)
            below = (*path, str(key.value))
            if below in lines:
                twice = f"`{key.value}` stands here twice (first on line {lines[below]}); keep one"
                raise MarkedYamlError(_line(key.start_mark), twice)
            _mark(value, below, lines)
            lines[below] = _line(key.start_mark)


def _demand_readable(node: yaml.Node) -> None:
    if isinstance(node, yaml.ScalarNode) and _CONTROLS.search(node.value):
        raise MarkedYamlError(_line(node.start_mark), "remove the control character")

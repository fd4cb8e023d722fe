"""Python source as syntax trees, one at a time.

CPython 3.11 counts how deep a tree is in one place for all threads (python/cpython#106905), so that two that
are made at the same time fail each other with a SystemError. Who makes trees in a thread, also through a
library, holds `ONE_AT_A_TIME`.
"""

from __future__ import annotations

import ast
from threading import RLock

ONE_AT_A_TIME = RLock()


def syntax_tree(text: str) -> ast.Module:
    """Raises as ast.parse."""
    with ONE_AT_A_TIME:
        return ast.parse(text)


def expression_tree(text: str) -> ast.expr:
    """Raises as ast.parse."""
    with ONE_AT_A_TIME:
        return ast.parse(text, mode="eval").body

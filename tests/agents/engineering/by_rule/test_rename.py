"""Renaming over small repositories: what is renamed, and what is refused because nobody can tell."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from agents.engineering.by_rule.asked import RenameName
from agents.engineering.by_rule.rename import rename
from agents.engineering.workspace import NotPossible, Workspace

ORDERS = Path(__file__).parents[4] / "examples" / "acme" / "repositories" / "orders"
HOME = "class Total:\n    pass\n\n\nTOP = Total()\n"


def written(root: Path, **files: str) -> Workspace:
    for path, text in {"shop__book": HOME, "shop____init__": "", **files}.items():
        target = root / (path.replace("__", "/", 1) + ("" if "." in path else ".py"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return Workspace(root)


def test_every_use_is_renamed_and_nothing_else(tmp_path: Path) -> None:
    files = written(
        tmp_path,
        shop__a="from .book import Total\n\n\ndef make() -> 'Total':\n    return Total()  # a Total\n",
        shop__b="from shop.book import Total as T\n\nx = T()\n",
        shop__c="import shop.book\nimport shop.book as b\n\nx = shop.book.Total(), b.Total()\n",
        shop__d="from shop.a import Total\n\n__all__ = ['Total']\n",
        shop__e="def other():\n    Total = 1\n    return Total\n",
    )
    done = rename(files, RenameName(old="Total", new="Sum"))
    assert "in 5 files" in done.summary
    assert files.text("shop/book.py") == HOME.replace("Total", "Sum")
    assert files.text("shop/a.py").startswith(
        "from .book import Sum\n\n\ndef make() -> 'Sum':\n    return Sum()"
    )
    assert files.text("shop/b.py") == "from shop.book import Sum as T\n\nx = T()\n"
    assert "shop.book.Sum(), b.Sum()" in files.text("shop/c.py")
    assert files.text("shop/d.py") == "from shop.a import Sum\n\n__all__ = ['Sum']\n"
    assert "Total = 1" in files.text("shop/e.py"), "another module's own variable"
    assert done.left == ("the word in shop/a.py:5",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("from shop.book import *\n", "imports it with a star"),
        ("import shop.book\n\nx = getattr(shop.book, 'Total')\n", "may be looked up"),
        ("def f(order):\n    return order.Total\n", "has an attribute Total"),
        ("from shop.book import Total\n\n\ndef f(Total):\n    return Total\n", "has an argument Total"),
        (
            "from shop.book import Total\n\n\ndef f():\n    Total = 1\n    return Total\n",
            "a variable Total of its own",
        ),
        ("class Total:\n    pass\n", "each define one"),
        ("from shop.book import Total\n\nx = globals()['x']\n", "looks names up with globals()"),
        ("from unittest.mock import patch\n\npatch('shop.book.Total')\n", "may be looked up"),
        ("from shop.book import Total\n\nSum = Total\n", "has a Sum already"),
        ("from shop.book import Total\n\nx = (\n", "cannot be read"),
        ("from shop.book import Total\n\nx = " + "-" * 200 + "1\n", "nested deeper"),
    ],
)
def test_what_nobody_can_tell_is_refused(tmp_path: Path, text: str, says: str) -> None:
    files = written(tmp_path, shop__a=text)
    before = files.digest()
    with pytest.raises(NotPossible, match=says.replace("(", r"\(").replace(")", r"\)")):
        rename(files, RenameName(old="Total", new="Sum"))
    assert files.digest() == before


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Missing", "Sum", "no module defines Missing"),
        ("Total", "list", "Python's own"),
    ],
)
def test_names_that_cannot_be(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(NotPossible, match=says):
        rename(written(tmp_path), RenameName(old=old, new=new))


def test_settings_that_name_it_stop_it(tmp_path: Path) -> None:
    files = written(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\nshop = "shop.book:Total"\n')
    with pytest.raises(NotPossible, match=r"pyproject\.toml:2 names it as shop\.book:Total"):
        rename(files, RenameName(old="Total", new="Sum"))


def test_a_sample_service_still_parses_and_methods_are_refused(tmp_path: Path) -> None:
    files = Workspace(Path(shutil.copytree(ORDERS, tmp_path / "orders")))
    rename(files, RenameName(old="NoSuchOrder", new="UnknownOrder"))
    for path in files.root.rglob("*.py"):
        ast.parse(path.read_text())
        assert "NoSuchOrder" not in path.read_text().replace("Raises NoSuchOrder", "")
    with pytest.raises(NotPossible, match="which objects it is called on cannot be seen"):
        rename(files, RenameName(old="history", new="past"))

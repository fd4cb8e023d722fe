"""The files of a new service, as the standards' template has them: Python, tests, OpenAPI, release, image.

The template is the repository's own (`templates/service/` of its base branch) where it has one, and otherwise
ours. In a template `{service}` stands for the name, `{package}` for the Python package and `{title}` for the
name as people read it, in paths and in texts.
"""

from __future__ import annotations

import sys
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path

from agents.engineering.by_rule.asked import ScaffoldService, Written
from agents.engineering.workspace import NotPossible, Workspace

OWN = "templates/service"
_MOST_FILES = 200
_FEW = {".gitignore", "AGENTS.md", "CHANGELOG.md", "CODEOWNERS", "LICENSE", "README.md"}
"""What a repository has that was made for the service and is empty but for this."""


def scaffold(files: Workspace, asked: ScaffoldService, repository: str) -> Written:
    """Write them: at the root of a repository that is the service's own and has nothing yet, otherwise in a
    folder of its name. Raises NotPossible. Blocking."""
    package = asked.name.replace("-", "_")
    if package in sys.stdlib_module_names or package in ("test", "tests"):
        raise NotPossible(f"Python has a module {package} of its own: choose another name for the service.")
    entries = {entry.name for entry in files.root.iterdir()}
    own = repository.rpartition("/")[2] == asked.name
    if own and not entries <= _FEW:
        raise NotPossible(
            f"{repository} is no empty repository: {', '.join(sorted(entries - _FEW)[:5])} is there."
        )
    folder = "" if own else f"{asked.name}/"
    if folder and (files.root / asked.name).exists():
        raise NotPossible(f"{asked.name} is in {repository} already.")
    template = _template(files.root)
    names = {
        "{service}": asked.name,
        "{package}": package,
        "{title}": asked.name.replace("-", " ").capitalize(),
    }
    made = 0
    for path, text in template.items():
        target = f"{folder}{_filled(path, names)}"
        if (files.root / target).exists():
            continue  # a README that the repository was made with stays
        files.write(target, _filled(text, names))
        made += 1
    where = f"in {asked.name}/ of {repository}" if folder else f"in {repository}"
    whose = f"the repository's own template ({OWN})" if (files.root / OWN).is_dir() else "the built-in template"
    return Written(
        f"The service {asked.name} has {made} files {where}, from {whose}. Nothing is deployed by it.",
        (f"The image is built and the release is registered by whoever runs {asked.name}.",),
    )


def _filled(text: str, names: dict[str, str]) -> str:
    for mark, name in names.items():
        text = text.replace(mark, name)
    return text


def _template(root: Path) -> dict[str, str]:
    own = root / OWN
    if own.is_dir() and not own.is_symlink() and not own.parent.is_symlink():
        return _of_repository(own)
    return dict(_of_package(resources("agents.engineering.by_rule") / "template", ""))


def _of_repository(own: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    workspace = Workspace(own)
    for path in sorted(own.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if len(found) == _MOST_FILES:
            raise NotPossible(f"{OWN} has more than {_MOST_FILES} files.")
        name = path.relative_to(own).as_posix()
        found[name] = workspace.text(name)
    return found


def _of_package(folder: Traversable, before: str) -> list[tuple[str, str]]:
    """Ours: each ends in `.in`, so that no tool takes it for code, and a dot before its name is `dot-`."""
    found = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        name = entry.name.replace("dot-", ".", 1) if entry.name.startswith("dot-") else entry.name
        if entry.is_dir():
            found += _of_package(entry, f"{before}{name}/")
        elif name.endswith(".in"):
            found.append((f"{before}{name.removesuffix('.in')}", entry.read_text("utf-8")))
    return found

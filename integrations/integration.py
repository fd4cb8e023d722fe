"""Vendors that plug in: each exports one `Integration`, found by scanning, and nobody names it.

A vendor is a file or folder in `integrations/<kind>/vendors/`, or a module that an installed package names
under the entry point group `countersign.vendors`. Which one a department uses of a kind stands in its file
(`integrations: {tracker: jira}`); without a word it is `local`. Of a kind whose package says `SEVERAL = True`
a department may use several (`alerts: [alertmanager, pagerduty]`); without a word all of them.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import httpx
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

import integrations
from governance.registry import ActionSpec
from storage.database import Database

GROUP = "countersign.vendors"
LOCAL = "local"
_LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class VendorSettings(BaseSettings):
    """What a vendor is told by the environment and `.env`, as the installation itself is. Errors never repeat a
    value: it may be a secret."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)


def https_address(written: str) -> str:
    """The same without a slash at its end. Placeholders in braces may stand in it. Raises ValueError for one
    that is not encrypted, unless it is on this machine, and for one with a user in it."""
    url = httpx.URL(written.replace("{", "%7B").replace("}", "%7D"))
    if url.userinfo or not url.host or not (url.scheme == "https" or url.host in _LOCAL_HOSTS):
        raise ValueError("must be an https address without a user in it")
    return written.rstrip("/")


class SettingsMissing(Exception):
    """A vendor cannot be used without settings that are not there, or are wrong. The text names them."""

    def __init__(self, title: str, wrong: ValidationError) -> None:
        names = ", ".join(".".join(map(str, error["loc"])).upper() for error in wrong.errors() if error["loc"])
        super().__init__(f"{title} needs these settings: {names}. Set them in the environment or in .env.")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a vendor is opened in: `folder` is the department's, `folders` name what stands in it by kind;
    `var_folder` is this installation's own, for what is kept on its disk. `settings` are the vendor's own, read
    from the environment, or None."""

    database: Database
    tenant: str
    folder: Path
    folders: Mapping[str, str]
    var_folder: Path
    settings: VendorSettings | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a vendor's check says in `doctor`, and what to do about it."""

    what: str
    state: Literal["well", "advice", "wrong"]
    says: str


@dataclass(frozen=True, slots=True)
class Chore:
    """What a vendor does by itself, every so many seconds, in each process that keeps time: two of them may do
    it at once. One that takes longer is not begun again meanwhile."""

    name: str
    seconds: float
    do: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OwnProcess:
    """A process that a vendor needs beside those of the installation: its command, and what is added to its
    environment."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def _no_process(_around: Surroundings) -> OwnProcess | None:
    return None


Serving = Callable[[], Coroutine[Any, Any, None]]
"""What goes on until it is cancelled."""


def _nothing_to_serve(_around: Surroundings) -> Iterable[Serving]:
    return ()


def _no_chores(_around: Surroundings) -> Iterable[Chore]:
    return ()


async def _nothing_to_check(_around: Surroundings) -> Iterable[Checked]:
    return ()


async def _nothing_to_close(_port: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Integration:
    """One vendor of one kind of system. `title` is its name as people know it.

    `open` makes its port, which speaks the kind's Protocol; `actions` are effects that it alone has, beside
    those of its kind; its secrets are `settings`. `check` says in `doctor` whether it can be used, and `close`
    lets go of a port that was opened. `chores` are what it does by itself, `serves` what it listens with in
    each web process, and `process` what keeps what is its own where that is a process.
    """

    kind: str
    name: str
    title: str
    open: Callable[[Surroundings], Any]
    settings: type[VendorSettings] | None = None
    actions: Callable[[], Iterable[ActionSpec]] = tuple
    check: Callable[[Surroundings], Awaitable[Iterable[Checked]]] = _nothing_to_check
    close: Callable[[Any], Awaitable[None]] = _nothing_to_close
    chores: Callable[[Surroundings], Iterable[Chore]] = _no_chores
    process: Callable[[Surroundings], OwnProcess | None] = _no_process
    serves: Callable[[Surroundings], Iterable[Serving]] = _nothing_to_serve


class TwoVendors(ValueError):
    """Two vendors of a kind have one name."""


class NoSuchVendor(LookupError):
    """The department's file names a vendor that is not installed. The text is for people."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        can_be = " or ".join(sorted(known)) or LOCAL
        super().__init__(f"There is no {kind} called “{name}”. Under `integrations:` it can be {can_be}.")


class OneVendorOnly(NoSuchVendor):
    """The department's file names several vendors of a kind of which it can use one."""

    def __init__(self, kind: str) -> None:
        LookupError.__init__(self, f"Under `integrations:` {kind} can be one vendor, not several.")


@dataclass(frozen=True, slots=True)
class Vendors:
    """Every vendor that is there, by kind and name. `several` are the kinds of which a department may use more
    than one."""

    found: Mapping[str, Mapping[str, Integration]] = field(default_factory=dict)
    several: frozenset[str] = frozenset()

    def chosen(self, wanted: Mapping[str, str | tuple[str, ...]]) -> Mapping[str, Integration]:
        """One of each kind that is not of `several`: as `wanted`, by kind, or else the embedded one.
        Raises NoSuchVendor."""
        unknown = next((kind for kind in wanted if kind not in self.found), None)
        if unknown is not None:
            raise NoSuchVendor(unknown, ", ".join(_names(wanted[unknown])), ())
        chosen: dict[str, Integration] = {}
        for kind in self.found.keys() - self.several:
            names = _names(wanted.get(kind, LOCAL))
            if len(names) != 1:
                raise OneVendorOnly(kind)
            chosen[kind] = self._one(kind, names[0])
        return {kind: chosen[kind] for kind in self.found if kind in chosen}

    def chosen_of(self, kind: str, wanted: Mapping[str, str | tuple[str, ...]]) -> tuple[Integration, ...]:
        """All that a department uses of a kind of `several`: those that are `wanted`, or else every one.
        Raises NoSuchVendor."""
        names = _names(wanted[kind]) if kind in wanted else tuple(self.found.get(kind, ()))
        return tuple(self._one(kind, name) for name in dict.fromkeys(names))

    def _one(self, kind: str, name: str) -> Integration:
        of_kind = self.found[kind]
        if name not in of_kind:
            raise NoSuchVendor(kind, name, of_kind)
        return of_kind[name]


def _names(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def find_vendors(
    packages: Iterable[ModuleType] = (integrations,), shipped: Iterable[EntryPoint] | None = None
) -> Vendors:
    """Every vendor in these packages' `<kind>/vendors/`, and those that others ship. Raises TwoVendors."""
    found: dict[str, dict[str, Integration]] = {}
    packages = tuple(packages)
    names = [name for package in packages for name in _modules(package)]
    names += [point.value for point in (entry_points(group=GROUP) if shipped is None else shipped)]
    for name in names:
        integration: Integration = import_module(name).INTEGRATION
        of_kind = found.setdefault(integration.kind, {})
        if integration.name in of_kind:
            raise TwoVendors(f"two vendors of {integration.kind} are called {integration.name}")
        of_kind[integration.name] = integration
    several = {kind for package in packages for kind in found if _takes_several(package, kind)}
    return Vendors(found, frozenset(several))


def _takes_several(package: ModuleType, kind: str) -> bool:
    try:
        said = import_module(f"{package.__name__}.{kind}")
    except ModuleNotFoundError as missing:
        if missing.name != f"{package.__name__}.{kind}":
            raise
        return False
    return bool(getattr(said, "SEVERAL", False))


def _modules(package: ModuleType) -> Iterable[str]:
    for kind in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not kind.ispkg:
            continue
        try:
            vendors = import_module(f"{kind.name}.vendors")
        except ModuleNotFoundError as missing:
            if missing.name != f"{kind.name}.vendors":
                raise
            continue
        yield from (module.name for module in pkgutil.iter_modules(vendors.__path__, f"{vendors.__name__}."))

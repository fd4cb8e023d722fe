"""What is known of one version of a package: from what is installed here, and from what its index says.

PyPI's JSON (https://docs.pypi.org/api/json/) says the licence, and the vulnerabilities that its advisory
database knows of exactly this version; an index that has no such page says neither. The npm registry says the
licence alone. What is written there is others' words: cut, and never followed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import httpx

from governance.outside_text import clean
from integrations.environments import PackageRecord, PackageVersion
from integrations.sandbox.reading_back import NotPlain, read_back
from integrations.web_service import Bounded

MOST_PACKAGES = 50
_AT_ONCE = 8
_SECONDS = 10.0
_MOST_BYTES = 8 * 2**20
_MOST_METADATA = 2**20
_LONGEST = 80
_MOST_VULNERABILITIES = 10
_CLASSIFIER = "License :: "
_NAME = re.compile(r"(@[\w.~-]{1,40}/)?[\w.~-]{1,60}")
_VERSION = re.compile(r"[\w.+!-]{1,40}")


async def records(
    wanted: Sequence[PackageVersion], kept: Path, index: str, registry: str
) -> Mapping[PackageVersion, PackageRecord]:
    """A record of each, up to MOST_PACKAGES. `kept` is the folder of environments, `index` and `registry` where
    packages come from."""
    turns = asyncio.Semaphore(_AT_ONCE)
    async with httpx.AsyncClient(transport=Bounded(_MOST_BYTES), timeout=_SECONDS) as client:

        async def one(package: PackageVersion) -> PackageRecord:
            async with turns:
                if package.language == "node":
                    page = f"{registry.rstrip('/')}/{_quoted(package.name)}/{package.version}"
                    return PackageRecord(_of_npm(await _json(client, page)), None)
                page = f"{index.rstrip('/').removesuffix('/simple')}/pypi/{package.name}/{package.version}/json"
                said = await _json(client, page)
                found = _of_pypi(said)
                installed = await asyncio.to_thread(_installed, kept, package)
                return PackageRecord(found.licence or installed, found.vulnerabilities)

        asked = [one_ for one_ in dict.fromkeys(wanted) if _is_named(one_)][:MOST_PACKAGES]
        return dict(zip(asked, await asyncio.gather(*map(one, asked)), strict=True))


def _is_named(package: PackageVersion) -> bool:
    """Whether its name and version can stand in an address, and lead nowhere else."""
    names = _NAME.fullmatch(package.name) is not None and ".." not in package.name
    return names and _VERSION.fullmatch(package.version) is not None


def _quoted(name: str) -> str:
    return name.replace("/", "%2f")


async def _json(client: httpx.AsyncClient, address: str) -> Mapping[str, Any]:
    """What stands at an address; nothing where that is no answer: it is asked for to be shown, and no more."""
    try:
        answer = await client.get(address)
        said = answer.json() if answer.is_success else None
    except (httpx.TransportError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _of_pypi(said: Mapping[str, Any]) -> PackageRecord:
    about = said.get("info")
    if not isinstance(about, dict):
        return PackageRecord(None, None)
    classifiers = about.get("classifiers")
    named = classifiers if isinstance(classifiers, list) else ()
    licence = _licence(about.get("license_expression"), named, about.get("license"))
    listed = said.get("vulnerabilities")
    if not isinstance(listed, list):
        return PackageRecord(licence, None)
    known = [one for one in listed if isinstance(one, dict) and not one.get("withdrawn")]
    names = tuple(_short(one.get("id")) or "one without a name" for one in known[:_MOST_VULNERABILITIES])
    return PackageRecord(licence, names)


def _of_npm(said: Mapping[str, Any]) -> str | None:
    licence = said.get("license")
    return _short(licence.get("type") if isinstance(licence, dict) else licence)


def _installed(kept: Path, package: PackageVersion) -> str | None:
    """The licence of the same version in some environment here, by its wheel's METADATA (PEP 639, PEP 566)."""
    folder = f"{re.sub(r'[-_.]+', '_', package.name).lower()}-{package.version}.dist-info"
    for site in kept.glob("python-*/lib/python*/site-packages"):
        found = next((one.name for one in site.glob("*.dist-info") if one.name.lower() == folder.lower()), None)
        if found is None:
            continue
        try:
            text = (read_back(site, f"{found}/METADATA", _MOST_METADATA) or b"").decode(errors="replace")
        except NotPlain:
            continue
        said = HeaderParser().parsestr(text)
        return _licence(said["License-Expression"], said.get_all("Classifier") or (), said["License"])
    return None


def _licence(expression: Any, classifiers: Iterable[Any], text: Any) -> str | None:
    """The licence's SPDX expression, or else as its classifiers name it, or else the first line of its text."""
    if said := _short(expression):
        return said
    named = [str(one).rpartition(" :: ")[2] for one in classifiers if str(one).startswith(_CLASSIFIER)]
    return _short(", ".join(named)) or _short(text)


def _short(said: Any) -> str | None:
    lines = clean(said).splitlines() if isinstance(said, str) else []
    return lines[0].strip()[:_LONGEST] or None if lines else None

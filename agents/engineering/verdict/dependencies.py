"""What a change brings in from outside: new packages, look-alikes, other sources, versions without their hash.

A newer patch or minor version of the same package from the same source is what a bump is. A new package is
an effect of its own; a name that is one slip away from a well-known one, another index, a missing hash or
an older version is not what it seems.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Literal

from rapidfuzz.distance import DamerauLevenshtein

from agents.engineering.verdict.changes import ChangeSet, Finding, line_of
from integrations.environments import PackageRecord, PackageVersion

NEW_DEPENDENCY = "new dependency"
_KNOWN = frozenset(
    """
aiohttp alembic anyio asyncpg attrs azure-core beautifulsoup4 bcrypt black boto3 botocore cachetools celery
certifi cffi chardet charset-normalizer click cloudpickle colorama coverage cryptography cython dask django
django-rest-framework djangorestframework docker docutils email-validator fastapi filelock flake8 flask
fsspec gevent gitpython google-auth greenlet grpcio gunicorn h11 httpcore httptools httpx hypothesis idna
importlib-metadata iniconfig ipython isort itsdangerous jinja2 jmespath joblib jsonschema keras kombu
langchain loguru lxml mako markdown markupsafe matplotlib msgpack multidict mypy mysqlclient nltk numpy
oauthlib openai openpyxl opentelemetry-api orjson packaging pandas paramiko passlib pillow pip platformdirs
pluggy poetry prometheus-client prompt-toolkit protobuf psutil psycopg psycopg2 psycopg2-binary pyarrow
pyasn1 pycparser pycryptodome pydantic pydantic-core pygments pyjwt pymongo pymysql pyopenssl pyparsing
pytest pytest-asyncio pytest-cov pytest-mock python-dateutil python-dotenv python-jose pytz pyyaml redis
regex requests requests-oauthlib rich ruff s3transfer scikit-learn scipy selenium sentry-sdk setuptools six
sniffio sqlalchemy starlette structlog tabulate tenacity tensorflow tokenizers toml tomli torch tornado tox
tqdm transformers twine typer typing-extensions tzdata ujson urllib3 uvicorn uvloop virtualenv watchdog
websocket-client websockets werkzeug wheel wrapt xmltodict yarl zipp react react-dom lodash express axios
typescript webpack vue next jest eslint prettier chalk commander debug moment
""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Package:
    """One package of a lockfile or of a list: its version or demand, where it comes from, its hashes."""

    name: str
    version: str
    source: str
    hashes: frozenset[str]


def is_dependencies(path: str) -> bool:
    """Whether a file names packages to install."""
    name = PurePosixPath(path).name
    locks = (
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "package-lock.json",
        "Pipfile",
        "Pipfile.lock",
        "package.json",
        "pyproject.toml",
    )
    return name in locks or re.fullmatch(r"(requirements|constraints)[\w.\-]*\.(txt|in)", name) is not None


def dependencies(change: ChangeSet) -> Iterator[Finding]:
    """Packages that are new, come from elsewhere, are no longer pinned or are older than before."""
    for path in change.changed:
        if not is_dependencies(path) or change.is_gone(path):
            if is_dependencies(path) and PurePosixPath(path).name != "pyproject.toml":
                yield _finding("lockfile removed", f"{path}:1", "versions are no longer pinned")
            continue
        try:
            old, new = (_packages(path, text) if text.strip() else {} for text in change.texts(path))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            yield _finding("dependencies unreadable", f"{path}:1", f"{problem}"[:120])
            continue
        if path.endswith(".lock") and (why := _other_parts(*change.texts(path))):
            yield _finding("lockfile changed", f"{path}:1", why)
        for name in sorted({*old, *new}):
            where = f"{path}:{line_of(change.after.text(path), name)}"
            for what, why in _compared(name, old.get(name), new.get(name)):
                yield _finding(what, where, f"{name}: {why}")


def new_packages(change: ChangeSet) -> Mapping[str, PackageVersion]:
    """The packages that a change adds at one exact version, by the names that `dependencies` calls them."""
    found: dict[str, PackageVersion] = {}
    for path in change.changed:
        if not is_dependencies(path) or change.is_gone(path):
            continue
        try:
            old, new = (_packages(path, text) if text.strip() else {} for text in change.texts(path))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # `dependencies` says so
        for name in new.keys() - old.keys():
            if exact := re.fullmatch(r"(?:==\s*)?(\d[\w.+!-]*)", new[name].version):
                language: Literal["python", "node"] = "node" if path.endswith(".json") else "python"
                found[name] = PackageVersion(language, new[name].name, exact[1])
    return found


def with_record(finding: Finding, package: PackageVersion | None, record: PackageRecord | None) -> Finding:
    """What is known of a new dependency, said with it; and what nobody here knows."""
    version = f" at {package.version}" if package is not None and package.version not in finding.why else ""
    licence = (record and record.licence) or "not known"
    known = record.vulnerabilities if record is not None else None
    if known is None:
        says = "whether it has known vulnerabilities is not known here"
    else:
        says = f"known vulnerabilities: {', '.join(known)}" if known else "no vulnerability of it is known"
    return replace(finding, why=f"{finding.why}{version}; its licence: {licence}; {says}")


def of_package(finding: Finding) -> str | None:
    """The package that a finding says is new; None where it says something else."""
    is_new = finding.rule == "dependencies" and finding.what == NEW_DEPENDENCY
    return finding.why.partition(": ")[0] if is_new else None


def _finding(what: str, where: str, why: str) -> Finding:
    severity = "block" if what in ("look-alike name", "other source", "hash changed") else "ask"
    return Finding("dependencies", severity, "harmful", what, where, why, "whoever installs it")  # type: ignore[arg-type]


def _compared(name: str, old: Package | None, new: Package | None) -> Iterator[tuple[str, str]]:
    if old == new:
        return
    if old is None and new is not None:
        if known := looks_like(name):
            yield "look-alike name", f"is one slip away from {known}"
        yield NEW_DEPENDENCY, f"{new.version or 'any version'} is new"
        return
    if new is None or old is None:
        yield "dependency removed", "is gone; whoever relied on it through this project misses it"
        return
    if old.source != new.source:
        yield (
            "other source",
            f"came from {old.source or 'the index'} and comes from {new.source or 'the index'}",
        )
    if old.hashes and not new.hashes:
        yield "hash removed", "what is installed is no longer checked"
    elif old.version == new.version and old.hashes != new.hashes and not old.hashes <= new.hashes:
        yield "hash changed", "the same version has other bytes"
    elif old.version == new.version and new.hashes - old.hashes and old.hashes:
        yield "hash added", "the same version may now be other bytes"
    if old.version != new.version and (why := _no_bump(old.version, new.version)):
        yield "version changed", f"{old.version or 'any'} → {new.version or 'any'}: {why}"


def _no_bump(old: str, new: str) -> str:
    was, is_now = _numbers(old), _numbers(new)
    if not was or not is_now or re.sub(r"[\d.]+", "#", old) != re.sub(r"[\d.]+", "#", new):
        return "not known to be a plain bump"
    if is_now < was:
        return "older than before"
    if was[0] != is_now[0] or (was[0] == 0 and was[:2] != is_now[:2]):
        return "a new major version may break what uses it"
    return ""


def _numbers(text: str) -> tuple[int, ...]:
    found = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def looks_like(name: str) -> str:
    """The well-known package that a name is one slip away from; empty for well-known ones and all others."""
    plain = _plain(name)
    if plain in _KNOWN:
        return ""
    for known in sorted(_KNOWN):
        near = DamerauLevenshtein.distance(plain, known) <= (1 if len(known) < 8 else 2) and len(known) > 3
        dressed = len(known) > 4 and plain in {
            f"python-{known}",
            f"{known}-python",
            f"py{known}",
            f"{known}s",
            f"{known}2",
            f"{known}3",
            f"{known}-dev",
            f"{known}-lib",
        }
        if near or dressed or plain.replace("-", "") == known.replace("-", ""):
            return known
    return ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _packages(path: str, text: str) -> dict[str, Package]:
    name = PurePosixPath(path).name
    if name == "pyproject.toml":
        return _demands(_of_project(tomllib.loads(text)))
    if name in ("uv.lock", "poetry.lock", "pdm.lock"):
        return {package.name: package for package in map(_locked, tomllib.loads(text).get("package", []))}
    if name.endswith((".txt", ".in")):
        return _requirements(text)
    return _of_json(json.loads(text))


def _of_project(project: Mapping[str, Any]) -> list[str]:
    about = project.get("project", {})
    lists = [
        about.get("dependencies", []),
        *about.get("optional-dependencies", {}).values(),
        project.get("build-system", {}).get("requires", []),
    ]
    lists += list(project.get("dependency-groups", {}).values())
    poetry = project.get("tool", {}).get("poetry", {}).get("dependencies", {})
    return [d for part in lists for d in part if isinstance(d, str)] + [
        f"{name} {version}" for name, version in poetry.items()
    ]


def _demands(lines: list[str]) -> dict[str, Package]:
    found = {}
    for line in lines:
        matched = re.match(r"\s*([A-Za-z0-9][\w.\-]*)\s*(\[[^\]]*\])?\s*(.*)", line)
        if matched:
            source, _, demand = matched[3].rpartition("@ ") if "@ " in matched[3] else ("", "", matched[3])
            address = demand.strip() if "@ " in matched[3] else source
            found[_plain(matched[1])] = Package(
                _plain(matched[1]), "" if address else demand.strip(), address, frozenset()
            )
    return found


def _locked(entry: Mapping[str, Any]) -> Package:
    files = [*entry.get("wheels", []), *entry.get("files", []), *([entry["sdist"]] if "sdist" in entry else [])]
    hosts = sorted({re.sub(r"^(\w+://[^/]+).*", r"\1", str(file["url"])) for file in files if "url" in file})
    source = json.dumps(entry.get("source", {}), sort_keys=True) + " ".join(hosts)
    hashes = frozenset(str(file.get("hash", "")) for file in files)
    return Package(_plain(entry["name"]), str(entry.get("version", "")), source, hashes)


def _other_parts(old: str, new: str) -> str:
    """What differs in a lockfile beside its packages, and what packages demand that is new."""
    try:
        was, is_now = tomllib.loads(old), tomllib.loads(new)
    except tomllib.TOMLDecodeError as problem:
        return f"unreadable: {problem}"
    for key in sorted({*was, *is_now} - {"package", "version", "revision", "requires-python"}):
        if was.get(key) != is_now.get(key):
            return f"{key} differs"
    return ""


def _requirements(text: str) -> dict[str, Package]:
    found: dict[str, Package] = {}
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line.startswith("-"):
            found[line] = Package(line, line, line, frozenset())
        elif line:
            hashes = frozenset(re.findall(r"--hash=(\S+)", line))
            found.update(
                {
                    p.name: Package(p.name, p.version, p.source, hashes)
                    for p in _demands([line.partition(" --")[0]]).values()
                }
            )
    return found


def _of_json(document: Mapping[str, Any]) -> dict[str, Package]:
    found: dict[str, Package] = {}
    for part in (
        "dependencies",
        "devDependencies",
        "peerDependencies",
        "optionalDependencies",
        "default",
        "develop",
    ):
        for name, given in (document.get(part) or {}).items():
            version = given if isinstance(given, str) else str(given.get("version", ""))
            found[name] = Package(
                name, version, "", frozenset(given.get("hashes", ()) if isinstance(given, Mapping) else ())
            )
    for place, given in (document.get("packages") or {}).items():
        if place:
            host = re.sub(r"^(\w+://[^/]+).*", r"\1", str(given.get("resolved", "")))
            hashes = frozenset([given["integrity"]] if "integrity" in given else [])
            found[place] = Package(
                place.rpartition("node_modules/")[2],
                str(given.get("version", "")),
                host + (" runs scripts" if given.get("hasInstallScript") else ""),
                hashes,
            )
    for name, script in (document.get("scripts") or {}).items():
        found[f"script {name}"] = Package(f"script {name}", "", str(script), frozenset())
    return found

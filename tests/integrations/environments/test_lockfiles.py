"""What lockfiles may say, and what is refused: a tree's own words never choose where packages come from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from integrations.environments import LockfileUnusable
from integrations.environments.vendors.local.lockfiles import (
    MOST_BYTES,
    demand_index_alone,
    demand_npm,
    demand_uv_lock,
    npm_names,
    read,
    requirements,
)

FINE = {"resolved": "https://registry.npmjs.org/b/-/b-1.tgz", "integrity": "sha512-x"}
HASH = "--hash=sha256:" + "a" * 64


def test_exact_versions_with_hashes() -> None:
    text = f"""
# made by hand
Zope.Interface==5.0 ; python_version > "3" \\
    {HASH} \\
    {HASH.replace("aa", "bb")}  # via x
six[extra]==1.17.0 {HASH}
"""
    found = requirements(text, "requirements.txt")
    assert [one.name for one in found] == ["zope-interface", "six"]
    assert found[0].line.count("--hash=sha256:") == 2
    assert found[1].line == f"six[extra]==1.17.0 {HASH}"


@pytest.mark.parametrize(
    "line",
    [
        f"six>=1 {HASH}",
        f"six==1.* {HASH}",
        f"six {HASH}",
        "six==1.17.0",
        "six==1.17.0 --hash=md5:" + "a" * 32,
        f"six==1.17.0 --index-url http://evil {HASH}",
        f"six @ http://evil/six.whl {HASH}",
        f"six @ git+https://evil/six {HASH}",
        f"./six {HASH}",
        f"-e . {HASH}",
        "-r other.txt",
        "--index-url http://evil/simple",
        "--extra-index-url http://evil/simple",
        "--find-links http://evil",
    ],
)
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(LockfileUnusable, match=r"^requirements\.txt: "):
        requirements(line, "requirements.txt")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("node_modules/a", {"resolved": "http://evil/a.tgz", "integrity": "sha512-x"}),
        ("node_modules/a", {"resolved": "https://registry.npmjs.org.evil/a.tgz", "integrity": "sha512-x"}),
        ("node_modules/a", {"resolved": "git+ssh://git@github.com/a/a.git", "integrity": "sha512-x"}),
        ("node_modules/a", {"resolved": "https://registry.npmjs.org/a/-/a-1.tgz"}),
        ("node_modules/a", {"resolved": "https://registry.npmjs.org/a/-/a-1.tgz", "integrity": "sha1-x"}),
        ("node_modules/a", {"resolved": "packages/a", "link": True}),
        ("packages/a", {"name": "a"}),
        ("node_modules/a", "a"),
    ],
)
def test_node_packages_are_the_registrys_by_their_hash(place: str, said: object) -> None:
    fine = {"resolved": "https://registry.npmjs.org/b/-/b-1.tgz", "integrity": "sha512-x"}
    package = json.dumps({"devDependencies": {"a": "1"}})

    def lock(packages: dict[str, object]) -> str:
        return json.dumps({"lockfileVersion": 3, "packages": {"": {}, **packages}})

    nested = "node_modules/@scope/b/node_modules/c"
    assert demand_npm(package, lock({"node_modules/b": fine, nested: fine}))
    assert npm_names(lock({"node_modules/@scope/b": fine, nested: fine})) == ("@scope/b", "c")
    with pytest.raises(LockfileUnusable, match=r"^package-lock\.json: "):
        demand_npm(package, lock({"node_modules/b": fine, place: said}))


REGISTRYS = [
    "",
    "*",
    "latest",
    "1",
    "^1.2.3",
    "~> 1.2",
    ">= 1.0.0 < 2",
    "1.x || >=2.5.0-rc.1+b || 5.0.0 - 7",
    "npm:b@^4",
]
ELSEWHERE = [
    "git+https://evil/a.git",
    "git://evil/a",
    "http://evil/a.tgz",
    "HTTPS://evil/a",
    "owner/a",
    "github:owner/a",
    "git@evil:a",
    "file:../a",
    "../a",
    "~/a",
    "a.tgz",
    "1.0.0-a.tgz",
    "1.0.0-a.TGZ",
    "npm:b@git+https://evil/a",
    "npm:../b",
    "workspace:*",
    "link:a",
    "$b",
]


@pytest.mark.parametrize(
    "kind", ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]
)
def test_a_project_in_node_asks_the_registry_alone(kind: str) -> None:
    lock = {"lockfileVersion": 3, "packages": {"": {}}}
    for fine in REGISTRYS:
        package = {"dependencies": {"c": "1"}, kind: {"a": fine, "@scope/a": fine}}
        assert demand_npm(json.dumps(package), json.dumps(lock)), fine
    for other in ELSEWHERE:
        with pytest.raises(LockfileUnusable, match=r"^package\.json takes a from elsewhere"):
            demand_npm(json.dumps({kind: {"a": other}}), json.dumps(lock))
        within = {"node_modules/b": {**FINE, kind: {"a": other}}}
        with pytest.raises(LockfileUnusable, match=r"^package-lock\.json takes a from elsewhere"):
            demand_npm('{"dependencies": {"b": "1"}}', json.dumps({**lock, "packages": within}))


@pytest.mark.parametrize(
    "more",
    [
        {"workspaces": ["packages/*"]},
        {"overrides": {"a": "http://evil/a.tgz"}},
        {"overrides": {"a": {".": "1", "b": "git+https://evil/b"}}},
        {"overrides": {"http://evil/a": "1"}},
        {"dependencies": {"http://evil/a": "1"}},
        {"dependencies": ["a"]},
        {"dependencies": {"a": 1}},
    ],
)
def test_what_else_npm_would_follow_is_refused(more: dict[str, object]) -> None:
    lock = json.dumps({"lockfileVersion": 3, "packages": {"": {}}})
    own = {"dependencies": {"a": "1"}, "overrides": {"a@^1": {".": "2", "b": "$a"}}}
    assert demand_npm(json.dumps(own), lock)
    with pytest.raises(LockfileUnusable, match=r"^package\.json "):
        demand_npm(json.dumps({**own, **more}), lock)
    with pytest.raises(LockfileUnusable, match="not of version 2 or 3"):
        demand_npm(json.dumps(own), json.dumps({"packages": {}}))


PROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = ["a>=1"]\n'


@pytest.mark.parametrize(
    "more",
    [
        '[[tool.uv.index]]\nurl = "http://evil"',
        '[tool.uv.sources]\na = { git = "https://evil/a" }',
        '[tool.uv]\noverride-dependencies = ["a @ http://evil/a.whl"]',
        '[tool.uv]\nconstraint-dependencies = ["a @ git+https://evil/a"]',
        '[[tool.uv.dependency-metadata]]\nname = "a"\nrequires-dist = ["b @ http://evil/b.whl"]',
        '[tool.uv.pip]\nextra-index-url = ["http://evil"]',
        '[tool.uv]\nfind-links = ["http://evil"]',
        '[tool.uv]\nsomething-new = "http://evil"',
        '[dependency-groups]\ndev = ["a @ http://evil/a.whl"]',
    ],
)
def test_a_project_in_python_asks_the_index_alone(more: str) -> None:
    demand_index_alone(f'{PROJECT}[tool.uv]\npackage = false\ndev-dependencies = ["b<2"]\n')
    with pytest.raises(LockfileUnusable, match="elsewhere than the index"):
        demand_index_alone(f"{PROJECT}{more}\n")


@pytest.mark.parametrize(
    "source",
    ['registry = "http://evil/simple"', 'git = "https://evil/a"', 'url = "http://evil/a.whl"', 'path = "../a"',
     'registry = "../a"', 'editable = "../a"'],
)  # fmt: skip
def test_a_lock_in_python_names_the_index_alone(source: str) -> None:
    own = '[[package]]\nname = "x"\nsource = { virtual = "." }\n'
    pypi = '[[package]]\nname = "a"\nsource = { registry = "https://pypi.org/simple" }\n'
    demand_uv_lock(own + pypi, "http://ours/simple/")
    demand_uv_lock(own + pypi.replace("https://pypi.org", "http://ours"), "http://ours/simple/")
    with pytest.raises(LockfileUnusable, match=r"^uv\.lock: b is no package of the index"):
        demand_uv_lock(f'{own}{pypi}[[package]]\nname = "b"\nsource = {{ {source} }}\n', "http://ours/simple/")


def test_node_packages_without_a_lock() -> None:
    assert not demand_npm('{"name": "x"}', None)
    with pytest.raises(LockfileUnusable, match=r"no package-lock\.json"):
        demand_npm('{"dependencies": {"a": "1"}}', None)
    for broken in ("{", "[]", "[" * 100_000, '{"packages": []}'):
        with pytest.raises(LockfileUnusable):
            demand_npm('{"dependencies": {"a": "1"}}', broken)


def test_lockfiles_are_plain_files_of_a_size(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "big").write_bytes(b"x" * (MOST_BYTES + 1))
    for name, why in (
        ("link", "no plain"),
        ("pipe", "no plain"),
        ("folder", "no plain"),
        ("bytes", "no text"),
        ("big", "larger"),
    ):
        with pytest.raises(LockfileUnusable, match=why):
            read(tmp_path, name)
    assert read(tmp_path, "nothing") is None

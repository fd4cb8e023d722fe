"""What a release is: its own files and those that it uses, all of which its digest is over."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from integrations.deployments.vendors.local import releases
from integrations.deployments.vendors.local.releases import ReleaseUnreadable

WRITTEN = """
command: ["{python}", "-m", "orders"]
uses: [service, orders-3]
calls: [payment-service]
database: true
environment: {PYTHONPATH: "{uses}", MARK: "{}"}
built: 2026-11-02T09:00:00Z
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("service", "orders-3", "other"):
        (tmp_path / "_shared" / name / "deep").mkdir(parents=True)
        (tmp_path / "_shared" / name / "deep" / "code.py").write_text(f"# {name}\n")
    (tmp_path / "orders" / "1.0").mkdir(parents=True)
    (tmp_path / "orders" / "1.0" / "release.yaml").write_text(WRITTEN)
    return tmp_path


def _digest(folder: Path) -> str:
    return releases.read(folder, "orders", "1.0").release.digest


def test_it_is_started_with_what_it_uses(folder: Path) -> None:
    found = releases.read(folder, "orders", "1.0")
    used = os.pathsep.join(str(folder / "_shared" / name) for name in ("service", "orders-3"))
    assert found.command == (sys.executable, "-m", "orders")
    assert found.environment == {"PYTHONPATH": used, "MARK": "{}"}
    assert (found.calls, found.database) == (("payment-service",), True)
    assert releases.services(folder) == ("orders",)


def test_it_says_what_a_load_test_may_ask(folder: Path) -> None:
    assert releases.read(folder, "orders", "1.0").release.serves == ()
    file = folder / "orders" / "1.0" / "release.yaml"
    file.write_text(WRITTEN + 'serves: {"/orders/1?full=1": 0.5, /popular: 3}\n')
    assert releases.read(folder, "orders", "1.0").release.serves == (("/popular", 3), ("/orders/1?full=1", 0.5))
    for wrong in ("{popular: 3}", "{/popular: 0}", "{/popular: often}", "[/popular]"):
        file.write_text(f"{WRITTEN}serves: {wrong}\n")
        with pytest.raises(ReleaseUnreadable, match="serves"):
            releases.read(folder, "orders", "1.0")


@pytest.mark.parametrize(
    "changed",
    [
        "_shared/service/deep/code.py",
        "_shared/orders-3/deep/more.py",
        "_shared/service/__pycache__/code.cpython-311.pyc",
        "orders/1.0/reading.py",
    ],
)
def test_its_digest_is_over_all_that_it_runs(folder: Path, changed: str) -> None:
    before = _digest(folder)
    assert _digest(folder) == before
    (folder / changed).parent.mkdir(exist_ok=True)
    (folder / changed).write_text("# changed\n")
    assert _digest(folder) != before


def test_what_it_does_not_use_does_not_matter(folder: Path) -> None:
    before = _digest(folder)
    (folder / "_shared" / "other" / "deep" / "code.py").write_text("# changed\n")
    assert _digest(folder) == before


def test_a_file_that_moves_between_them_makes_another_release(folder: Path) -> None:
    shared = folder / "_shared" / "service"
    last = (shared / "deep" / "code.py").rename(shared / "zz.py")  # next to the release's own files, in order
    before = _digest(folder)
    last.rename(folder / "orders" / "1.0" / "zz.py")
    assert _digest(folder) != before


@pytest.mark.parametrize("link", ["_shared/service/linked.py", "orders/1.0/linked", "_shared/orders-3"])
def test_links_are_refused(folder: Path, link: str) -> None:
    if (folder / link).is_dir():
        (folder / link).rename(folder / "elsewhere")
    (folder / link).symlink_to(folder / "elsewhere")
    with pytest.raises(ReleaseUnreadable, match=f"{link} is a link"):
        _digest(folder)


@pytest.mark.parametrize(
    ("uses", "why"),
    [("[nowhere]", "there is no _shared/nowhere"), ('["../orders"]', r"uses\.0"), ('[".."]', r"uses\.0")],
)
def test_what_it_cannot_use_is_said(folder: Path, uses: str, why: str) -> None:
    file = folder / "orders" / "1.0" / "release.yaml"
    file.write_text(WRITTEN.replace("[service, orders-3]", uses))
    with pytest.raises(ReleaseUnreadable, match=why):
        _digest(folder)

"""Vendors plug in: one made in a folder of its own is found, chosen, opened, checked and let go of."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from governance.department_file import read_department
from governance.visibility import EVERYTHING
from integrations.integration import NoSuchVendor, Surroundings, TwoVendors, find_vendors
from integrations.tracker import StoryQuery, Tracker
from tests.integrations import csv_tracker
from tests.integrations.tracker_drafts import draft, grant
from tests.integrations.tracker_finding_contract import FindingContract

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"
CSV = Path(__file__).with_name("csv_tracker.py")


@pytest.fixture
def package(tmp_path: Path) -> Iterator[ModuleType]:
    """A company's own package with a tracker of its own in it."""
    vendors = tmp_path / "acme_systems" / "tracker" / "vendors"
    vendors.mkdir(parents=True)
    for folder in (vendors, vendors.parent, vendors.parent.parent):
        (folder / "__init__.py").write_text("")
    shutil.copy(CSV, vendors / "csv_file.py")
    sys.path.insert(0, str(tmp_path))
    yield importlib.import_module("acme_systems")
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("acme_systems")]:
        del sys.modules[name]


def _around(folder: Path) -> Surroundings:
    folders = {"documents": "documents", "services": "services"}
    return Surroundings(cast(Any, None), "acme", folder, folders, folder / "var")


def test_without_a_word_everything_is_kept_here() -> None:
    chosen = find_vendors(shipped=()).chosen({})
    assert {kind: vendor.name for kind, vendor in chosen.items()} == {
        "tracker": "local",
        "documents": "local",
        "customers": "local",
        "services": "local",
        "deployments": "local",
        "load": "local",
        "metrics": "local",
        "prices": "local",
        "sandbox": "local",
        "environments": "local",
        "code_host": "local",
        "rota": "local",
        "calendar": "local",
        "mail": "local",
    }


async def test_a_vendor_in_a_package_of_its_own_is_found_and_works(package: ModuleType, tmp_path: Path) -> None:
    integrations = importlib.import_module("integrations")
    vendor = find_vendors((integrations, package), ()).chosen({"tracker": "csv"})["tracker"]
    port = vendor.open(_around(tmp_path))
    await port.create_story(grant(), draft("Print the label"))
    page = await port.stories(EVERYTHING, StoryQuery())
    assert [(story.id, story.title) for story in page.items] == [("SHOP-1", "Print the label")]
    assert [checked.state for checked in await vendor.check(_around(tmp_path))] == ["well"]
    await vendor.close(port)
    assert port.closed


def test_one_that_a_package_ships_by_its_entry_point_is_found(package: ModuleType) -> None:
    point = EntryPoint("csv", "acme_systems.tracker.vendors.csv_file", "countersign.vendors")
    assert find_vendors(shipped=[point]).chosen({"tracker": "csv"})["tracker"].title == "The CSV tracker"


def test_two_of_one_name_are_refused(package: ModuleType) -> None:
    with pytest.raises(TwoVendors, match="csv"):
        find_vendors((package, package), ())


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"tracker": "abacus"}, "There is no tracker called “abacus”. Under `integrations:` it can be "),
        ({"weather": "x"}, "There is no weather called “x”."),
    ],
)
def test_what_is_not_there_is_said_with_what_is(wanted: dict[str, str], said: str) -> None:
    with pytest.raises(NoSuchVendor) as refused:
        find_vendors(shipped=()).chosen(wanted)
    assert str(refused.value).startswith(said)


def test_the_departments_file_chooses(tmp_path: Path) -> None:
    written = (ACME / "department.yaml").read_text() + "\nintegrations: {tracker: csv}\n"
    (tmp_path / "department.yaml").write_text(written)
    assert read_department(tmp_path / "department.yaml").integrations == {"tracker": "csv"}


class TestCsvTracker(FindingContract):
    """A vendor that keeps none of its items here hands them out as the embedded one does."""

    @pytest.fixture
    def tracker(self, tmp_path: Path) -> Tracker:
        return cast(Tracker, csv_tracker.Tracker(tmp_path / "stories.csv"))

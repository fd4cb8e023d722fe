"""The sample's releases agree with the rest of the sample: its people, its stories, its catalogue."""

from __future__ import annotations

import json

import yaml

from integrations.deployments.vendors.local import releases
from tests.architecture.source import ROOT
from tests.examples.sample_services import RELEASES

SAMPLE = ROOT / "examples" / "acme"


def test_releases_are_by_people_of_the_department_for_stories_that_were_done() -> None:
    department = yaml.safe_load((SAMPLE / "department.yaml").read_text())
    people = {one["id"] for one in department["people"]}
    lines = (SAMPLE / "history" / "events.jsonl").read_text().splitlines()
    done = {one["story"]: one["at"] for one in map(json.loads, lines) if one["status"] == "done"}
    found = releases.releases(RELEASES)
    assert len(found) == 11
    assert {one.author for one in found} <= people
    for one in found:
        assert one.notes
        assert one.story is None or done[one.story] < one.built.isoformat(), one
    assert {f"{one.service} {one.version}" for one in found if one.irreversible} == {"orders 4.19.0"}


def test_what_runs_at_first_is_what_the_catalogue_says() -> None:
    running = {(one["service"], one["stage"]): one["version"] for one in releases.at_first(RELEASES)}
    assert {service for service, _ in running} == set(releases.services(RELEASES))
    for (service, stage), version in running.items():
        (component, *_) = yaml.safe_load_all((SAMPLE / "services" / service / "catalog-info.yaml").read_text())
        annotations = component["metadata"]["annotations"]
        assert annotations[f"countersign.dev/version-{stage}"] == version, (service, stage)


def test_what_a_release_calls_the_catalogue_has_it_depend_on() -> None:
    for release in releases.releases(RELEASES):
        file = SAMPLE / "services" / release.service / "catalog-info.yaml"
        (component, *_) = yaml.safe_load_all(file.read_text())
        runnable = releases.read(RELEASES, release.service, release.version)
        assert {f"component:{one}" for one in runnable.calls} <= set(component["spec"]["dependsOn"])

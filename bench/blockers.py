"""What holds the department up, asked of a large one: `python -m bench.blockers [--stories N] [--pulls N]`.

5,000 open stories in 300 epics, some begun, some blocked, with dependencies across teams; 40 services; 300 open
pull requests in the sample's repositories. One process, its own PostgreSQL: the time is from the words to the
answer, of the whole department, of one team and of one feature, each asked several times; what comes first of
each is not counted. Beside the time stands what this process spent on a processor meanwhile, which others on
the machine change little. The reference of the same run is reading the same open stories from the tracker, page
by page, and nothing else: an answer cannot take less. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.slack_apps import ROOT
from bench.targets import Targets
from bot.bootstrap import open_installation
from bot.conversation import Conversation
from bot.department import Installation
from bot.settings import Settings
from governance.action import Grant
from governance.visibility import EVERYTHING
from integrations.code_host.pull_requests import PullRequestDraft
from integrations.pages import Part, everything
from integrations.tracker import StoryQuery, StoryStatus
from storage import embedded
from storage.migrate import migrate

SAMPLE = ROOT / "examples" / "acme"
TENANT = "acme"
MOST_SECONDS = 2.0
SERVICES, EPICS, TIMES = 40, 300, 5
REFERENCE = "reference"
OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}
ASKED = {
    "department": "what is blocked across all teams?",
    "team": "who is blocking team Beta",
    "feature": "why is EPIC-29 late",
}
REPOSITORIES = ("orders", "checkout", "auth-service", "payment-service-v2", "dashboard-api")


def write_department(folder: Path, stories: int) -> None:
    """The sample department in `folder`, with so many open stories and SERVICES services."""
    shutil.copytree(SAMPLE, folder)
    past = folder / "history"
    told, epics, events = (_lines(past / f"{name}.jsonl") for name in ("stories", "epics", "events"))
    chance = random.Random(15)
    now = max(datetime.fromisoformat(one["at"]) for one in events)
    teams = sorted({one["team"] for one in told})
    models = {team: [one for one in told if one["team"] == team and one["epic"]] for team in teams}
    running = {one["team"]: one["sprint"] for one in told if one["status"] == "in_progress" and one["sprint"]}
    open_now = sum(one["status"] not in ("done", "cancelled") for one in told)
    for number in range(EPICS):
        copy = epics[number % len(epics)] | {"id": f"EPIC-{5000 + number}", "document": None}
        epics.append(copy | {"title": f"{copy['title']}, part {number}", "status": "in_progress"})
    for number in range(stories - open_now):
        team = teams[number % len(teams)]
        one = chance.choice(models[team]) | {
            "id": f"CARD-{20000 + number}",
            "epic": f"EPIC-{5000 + number % EPICS}",
            "team": team,
            "origin": None,
            "actual_hours": None,
            "finished": None,
            "started": None,
            "sprint": None,
            "assignee": None,
            "status": "backlog",
            "blocked_reason": None,
            "depends_on": [f"CARD-{20000 + number - EPICS}"]
            if number >= EPICS and chance.random() < 0.3
            else [],
            "created": (now - timedelta(days=chance.randint(20, 200))).isoformat(),
        }
        kind = chance.random()
        if kind < 0.1:
            began = now - timedelta(days=chance.randint(2, 15))
            one |= {"status": "in_progress", "started": began.isoformat(), "sprint": running.get(team)}
        if kind < 0.02:
            since = now - timedelta(days=chance.randint(1, 12))
            one |= {"status": "blocked", "blocked_reason": "Waits for an answer of another team"}
            events.append(
                {"story": one["id"], "at": since.isoformat(), "status": "blocked", "by": "sam", "reason": None}
            )
        told.append(one)
    events.sort(key=lambda one: datetime.fromisoformat(one["at"]))
    for name, lines in (("stories", told), ("epics", epics), ("events", events)):
        (past / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    _write_services(folder / "services")


def _write_services(folder: Path) -> None:
    known = sorted(folder.iterdir())
    for number in range(SERVICES - len(known)):
        own = folder / f"extra-service-{number}"
        own.mkdir()
        (own / "catalog-info.yaml").write_text(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n"
            f"  name: extra-service-{number}\n  title: Extra service {number}\n  description: One more\n"
            "spec:\n  type: service\n  lifecycle: production\n  owner: beta\n  system: shop\n"
            "  dependsOn:\n    - component:auth-service\n"
        )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def open_pulls(place: Installation, count: int) -> None:
    """So many open pull requests, each of a begun story, each with a commit of its own."""
    ports = place.ports(TENANT)
    host = ports.code_host
    await host.repositories(Part())
    query = StoryQuery(status=frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED}))
    begun = await everything(partial(ports.tracker.stories, EVERYTHING), query)
    code = place.settings.var_folder.absolute() / "code" / TENANT
    for number in range(count):
        repository = REPOSITORIES[number % len(REPOSITORIES)]
        story = begun[number % len(begun)]
        base = (await host.branch(repository, "main")).sha
        branch = f"feature/{story.id}-{number}"
        sha = await asyncio.to_thread(_commit, code / f"{repository}.git", base, branch)
        draft = PullRequestDraft(f"{story.id}: {story.title}"[:200], "", branch, sha, "main")
        grant = Grant(f"gr_{number}", TENANT, f"ef_{number}", "", 0, datetime.now(UTC))
        await host.open_pull_request(grant, repository, draft)


def _commit(repository: Path, base: str, branch: str) -> str:
    """A commit of the same files on a branch of its own."""
    who = ["-c", "user.name=Sam", "-c", "user.email=sam@example.com"]
    tree = _git(repository, "rev-parse", f"{base}^{{tree}}")
    sha = _git(repository, *who, "commit-tree", tree, "-p", base, "-m", branch)
    _git(repository, "update-ref", f"refs/heads/{branch}", sha)
    return sha


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@dataclass
class Figures:
    """Seconds by the name of what was asked, on the clock and on a processor; `reference` alike under its own
    name. `stories` are open."""

    times: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in (*ASKED, REFERENCE)})
    busy: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in (*ASKED, REFERENCE)})
    stories: int = 0

    def note(self, name: str, began: float, spent: float) -> None:
        """What was begun at these moments is over."""
        self.times[name].append(perf_counter() - began)
        self.busy[name].append(process_time() - spent)


async def measured(place: Installation, pulls: int) -> Figures:
    """Ask everything, one at a time."""
    ports, figures = place.ports(TENANT), Figures()
    async with Conversation(place) as chat:
        await chat.say("amanda", "/help", None, None)
        began = perf_counter()
        await open_pulls(place, pulls)
        print(f"  {pulls} pull requests opened in {perf_counter() - began:.0f} s", flush=True)
        for name, words in ASKED.items():
            answered = await chat.say("amanda", f"/blockers {words}", None, None)
            print(f"  {name}: {answered.as_text()[:300]}", flush=True)
        for _ in range(TIMES):
            began, spent = perf_counter(), process_time()
            found = await everything(partial(ports.tracker.stories, EVERYTHING), StoryQuery(status=OPEN))
            figures.note(REFERENCE, began, spent)
            figures.stories = len(found)
            for name, words in ASKED.items():
                began, spent = perf_counter(), process_time()
                await chat.say("amanda", f"/blockers {words}", None, None)
                figures.note(name, began, spent)
    return figures


async def run(folder: Path, server: embedded.EmbeddedServer, pulls: int) -> Figures:
    """Open the department, and measure."""
    settings = Settings(
        _env_file=None,
        database_url=server.app_url,
        database_owner_url=server.owner_url,
        var_folder=folder / "var",
        tenant=TENANT,
        department=folder / "acme",
        log_level="error",
        look_seconds=45,
    )
    return await measured(await open_installation(settings), pulls)


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--stories", type=int, default=5_000)
    parser.add_argument("--pulls", type=int, default=300)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_department(folder / "acme", wanted.stories)
        server = embedded.start(folder / "postgres")
        try:
            migrate(server.owner_url)
            figures = asyncio.run(run(folder, server, wanted.pulls))
        finally:
            server.stop()
    targets, told = Targets(), dict[str, Any]()
    half = {name: statistics.median(found) for name, found in figures.times.items()}
    print(f"blockers: {figures.stories:,} open stories, {SERVICES} services, {wanted.pulls} open pull requests")
    for name, middle in half.items():
        busy, worst = statistics.median(figures.busy[name]), max(figures.times[name])
        ratio = middle / half[REFERENCE]
        print(f"  {name}: median {middle:.2f} s ({busy:.2f} busy), worst {worst:.2f} s, {ratio:.1f} times")
        told |= {
            f"{name}_s": round(middle, 3),
            f"{name}_busy_s": round(busy, 3),
            f"{name}_ratio": round(ratio, 2),
        }
        if name != REFERENCE:
            targets.below(f"{name}, median seconds", middle, MOST_SECONDS)
    status = targets.status()
    print(json.dumps({"stories": figures.stories, "services": SERVICES, "pulls": wanted.pulls, **told}))
    return status


if __name__ == "__main__":
    sys.exit(main())

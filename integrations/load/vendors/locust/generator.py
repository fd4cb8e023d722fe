"""The process in which Locust runs: `generator PLAN REPORTS_FD LEASE STOP PARENT [SCENARIO]`.

It is never imported by the product: Locust patches the process that imports it. Locust is used as a library, so
that no `locust.conf` of wherever it is started says where to go.

A stage's rate is how many steps (Locust's tasks) are begun a second: as many users as that, each of which
begins one a second, spread evenly over it. A scenario's own waiting times do not count. A user who still waits
for an answer when the next step is due begins it late, and leaves out those for which it is too late: these are
`unsent`. What is said of lateness is how late this process itself was to wake.

It ends as the other generators do: see `integrations.load.generator_processes`. As its last act it ends what
its scenario has started.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import sys
from collections.abc import Callable
from itertools import accumulate
from math import ceil
from pathlib import Path as FilePath
from time import monotonic
from typing import Any

import gevent
import locust
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING, DefaultTaskSet
from locust.util.load_locustfile import load_locustfile
from pydantic import TypeAdapter
from yarl import URL

from integrations.load import Plan, State, bucket_of
from integrations.load.reports import Lease, Reports, Tally

MOST_USERS = 2_000
"""Above this rate each begins more than one step a second."""

_WATCHED_EVERY = 0.05
_SLACK_SECONDS = 60
"""Until the kernel ends it, after its plan's end."""
_SET_PDEATHSIG = 1
_EVENTS: Any = locust.events
_LOAD_LOCUSTFILE: Any = load_locustfile
_GOLDEN = 0.618033988749895
"""Steps of this length over and over, modulo one, lie evenly however many there are."""


class Run:
    """One run: whose step is due when, and what came of it."""

    def __init__(self, plan: Plan, reports: Reports, environment: Environment) -> None:
        self._plan, self._reports, self._environment = plan, reports, environment
        self._begin, self._stage, self._period = monotonic(), 0, 1.0
        self._due: dict[Any, float] = {}
        self._begun = 0

    def drive(self, ended: Callable[[], State | None]) -> State:
        """Let users come and go as the stages say, until the plan's end or what `ended` says."""
        runner = self._environment.create_local_runner()
        _EVENTS.init.fire(environment=self._environment, runner=runner, web_ui=None)
        self._begin = until = monotonic()
        reporting = gevent.spawn(self._report)
        measuring = gevent.spawn(self._measure)
        early: State | None = None
        for number, stage in enumerate(self._plan.stages):
            users = min(ceil(stage.rate), MOST_USERS)
            self._stage, self._period = number, users / stage.rate
            until += stage.seconds
            runner.start(users, spawn_rate=users)
            while monotonic() < until and (early := ended()) is None:
                gevent.sleep(min(_WATCHED_EVERY, max(until - monotonic(), 0)))
            if early is not None:
                break
        for due in list(self._due.values()):
            self._count_missed(due)
        gevent.killall([reporting, measuring])
        self._environment.stop_timeout = 0 if early else self._plan.timeout_seconds
        runner.quit()
        self._reports.write(0)
        return early or State.DONE

    def begin(self, user: Any) -> None:
        """Wait for a new user's first step."""
        self._begun += 1
        phase = self._period * (self._begun * _GOLDEN % 1)
        self._due[user] = monotonic() + phase
        gevent.sleep(phase)

    def wait(self, user: Any) -> None:
        """Wait for a user's next step, as `TaskSet.wait` does. Raises StopUser."""
        if user._state == LOCUST_STATE_STOPPING:
            raise locust.exception.StopUser
        user._state = LOCUST_STATE_WAITING
        self._due[user] = due = self._count_missed(self._due[user] + self._period)
        gevent.sleep(max(due - monotonic(), 0))
        if user._state == LOCUST_STATE_STOPPING:
            raise locust.exception.StopUser
        user._state = LOCUST_STATE_RUNNING

    def leave(self, user: Any) -> None:
        """Forget a user who is gone."""
        self._due.pop(user, None)

    def note(
        self, response_time: float, exception: BaseException | None, response: Any = None, **_: Any
    ) -> None:
        """Count an answer, or what came in its place."""
        tally = self._tally()
        tally.sent += 1
        tally.latency[bucket_of((response_time or 0) / 1000)] += 1
        status = getattr(response, "status_code", 0) or 0
        if exception is None and status < 400:
            tally.answered += 1
        else:
            tally.failed += 1
            tally.failures[_why(exception, status)] += 1

    def note_fault(self, exception: BaseException, **_: Any) -> None:
        """Count a step that the scenario's own code broke off."""
        tally = self._tally()
        tally.sent, tally.failed = tally.sent + 1, tally.failed + 1
        tally.failures[f"the scenario's own code ({type(exception).__name__})"[:80]] += 1

    def _count_missed(self, due: float) -> float:
        """When the next step is due that it is not too late for; those before it are left out."""
        missed = max(int((monotonic() - due) / self._period), 0)
        if missed:
            self._tally().unsent += missed
        return due + missed * self._period

    def _tally(self) -> Tally:
        return self._reports.tally(int(monotonic() - self._begin), self._stage)

    def _report(self) -> None:
        second = 0
        while True:
            second += 1
            gevent.sleep(max(self._begin + second - monotonic(), 0))
            self._reports.write(self._environment.runner.user_count if self._environment.runner else 0, second)

    def _measure(self) -> None:
        while True:
            due = monotonic() + _WATCHED_EVERY
            gevent.sleep(_WATCHED_EVERY)
            self._tally().lateness[bucket_of(monotonic() - due)] += 1


def _why(exception: BaseException | None, status: int) -> str:
    if status >= 400:
        return str(status)
    names = {one.__name__ for one in type(exception).__mro__}
    if any("Timeout" in name for name in names):
        return "timeout"
    if names & {"ConnectionRefusedError", "ConnectionError", "gaierror"}:
        return "no connection"
    return "called so by the scenario" if "CatchResponseError" in names else "broken off"


def _only(address: str) -> None:
    """Refuse every address but this one, for the rest of this process: what a scenario asks elsewhere fails,
    and so does another program that it starts."""
    url = URL(address)
    host, port = str(url.host), url.port
    there = {entry[4][:2] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}

    def audit(event: str, given: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            to = given[1]
            if not isinstance(to, tuple) or tuple(to[:2]) not in there:
                raise PermissionError(f"a load test goes to {host}:{port} alone")
        elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
            raise PermissionError("a scenario starts no other program")

    sys.addaudithook(audit)


def _user_of(plan: Plan) -> type[locust.User]:
    """Who asks for the plan's paths by their weights."""
    weights = list(accumulate(one.weight for one in plan.paths))
    chance = random.Random(0)

    class Asks(locust.HttpUser):
        @locust.task
        def ask(self) -> None:
            self.client.get(chance.choices(plan.paths, cum_weights=weights)[0].path, allow_redirects=False)

    return Asks


def _attend(run: Run, users: list[type[locust.User]], seconds: float) -> None:
    """Let every user keep to the run's time, and every request to its limit."""
    first: Any = DefaultTaskSet.run
    request: Any = HttpSession.request

    def begins(task_set: Any) -> None:
        try:
            run.begin(task_set.user)
            first(task_set)
        finally:
            run.leave(task_set.user)

    def within(session: Any, method: Any, url: Any, *args: Any, **given: Any) -> Any:
        return request(session, method, url, *args, **{"timeout": seconds} | given)

    setattr(DefaultTaskSet, "run", begins)  # noqa: B010 - they are methods of Locust's
    setattr(locust.TaskSet, "wait", lambda task_set: run.wait(task_set.user))  # noqa: B010
    setattr(HttpSession, "request", within)  # noqa: B010
    for user in users:
        user.fixed_count = 0
        if issubclass(user, FastHttpUser):
            user.network_timeout = user.connection_timeout = seconds
    _EVENTS.request.add_listener(run.note)
    _EVENTS.user_error.add_listener(run.note_fault)


def main() -> None:
    """The process."""
    plan_file, reports, lease, stop, parent, *scenario = sys.argv[1:]
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the kernel was asked
        sys.exit(1)
    os.set_inheritable(int(reports), False)
    plan = TypeAdapter(Plan).validate_json(FilePath(plan_file).read_bytes())
    signal.alarm(int(plan.seconds + plan.timeout_seconds + _SLACK_SECONDS))
    held, stops = Lease(FilePath(lease), plan.lease_seconds), FilePath(stop)

    def ended() -> State | None:
        if os.getppid() != int(parent):
            os._exit(1)
        if stops.exists():
            return State.STOPPED
        return State.LAPSED if held.is_over() else None

    _only(plan.address)
    users = list(_LOAD_LOCUSTFILE(scenario[0])[0].values()) if scenario else [_user_of(plan)]
    if not users:
        sys.exit(f"{scenario[0]} has no users")
    environment = Environment(user_classes=users, host=plan.address, events=locust.events)
    report = Reports(int(reports))
    run = Run(plan, report, environment)
    _attend(run, users, plan.timeout_seconds)
    report.say({"ended": run.drive(ended)})
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()

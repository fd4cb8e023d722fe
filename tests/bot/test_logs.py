"""What goes into the logs, and what may not."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import configure_logs


@pytest.fixture
def _logs_configured() -> Iterator[None]:
    before = structlog.get_config()
    hooks, root = (threading.excepthook, sys.unraisablehook), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before)
    threading.excepthook, sys.unraisablehook = hooks
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def _configured() -> None:
    logging.getLogger().handlers.clear()  # as in a process of our own: pytest has some
    configure_logs("info")


@pytest.mark.usefixtures("_logs_configured")
def test_a_fault_is_logged_with_its_frames_and_without_what_was_in_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info")

    def call(token: str) -> None:
        raise ValueError("the platform said no")

    try:
        call("xoxb-a-secret")
    except ValueError:
        structlog.get_logger().exception("turn_failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "xoxb" not in line
    (told,) = json.loads(line)["exception"]
    assert (told["exc_type"], told["exc_value"]) == ("ValueError", "the platform said no")
    assert [frame["name"] for frame in told["frames"]][-1] == "call"


@pytest.mark.usefixtures("_logs_configured")
def test_whoever_speaks_it_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    _configured()

    class Unclosable:
        def __del__(self) -> None:
            raise RuntimeError("at\nits end")

    def fails() -> None:
        raise ValueError("in\na thread")

    logging.getLogger("some.library").warning("two\nlines of %s", "\ud800\0")
    logging.getLogger("some.library").info("nothing that anybody need know")
    try:
        fails()
    except ValueError:
        logging.getLogger("asyncio").exception("Task exception was\nnever retrieved")
    warnings.warn("an old\nway", DeprecationWarning, stacklevel=1)
    thread = threading.Thread(target=fails, name="a thread")
    thread.start()
    thread.join()
    Unclosable()
    structlog.get_logger().info("said", text="\ud800\n\0")
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in told if "an old" not in line["event"]] == [
        "two\nlines of \ud800\0",
        "Task exception was\nnever retrieved",
        "thread_failed",
        "exception_ignored",
        "said",
    ]
    assert [line["event"] for line in told if line.get("logger") == "py.warnings"]
    assert [line["exception"][0]["exc_type"] for line in told if "exception" in line] == [
        "ValueError",
        "ValueError",
        "RuntimeError",
    ]
    assert {line["level"] for line in told} == {"warning", "error", "info"}


@pytest.mark.usefixtures("_logs_configured")
async def test_lines_of_threads_do_not_run_together(capfd: pytest.CaptureFixture[str]) -> None:
    _configured()

    def speak(name: int) -> None:
        for number in range(200):
            if number % 2:
                structlog.get_logger().info("ours", name=name, number=number)
            else:
                logging.getLogger("some.library").warning("theirs %s %s", name, number)

    await asyncio.gather(*(asyncio.to_thread(speak, name) for name in range(4)))
    lines = capfd.readouterr().err.splitlines()
    assert len([json.loads(line) for line in lines]) == 800

"""What goes into the logs, and what may not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import configure_logs


@pytest.fixture
def _logs_configured() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


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

"""UC-001 as its user has it: the program started as a person starts it, and nothing but the keyboard."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
MOST_TABS = 120

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: sudo apt-get install chromium"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A department of its own, started with the command that `make run` uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    var = tempfile.mkdtemp(prefix="countersign-")
    environment = {**os.environ, "VAR_FOLDER": var, "PORT": str(port), "LOG_LEVEL": "warning"}
    program = subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(url, program)
        yield url
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(30)
        shutil.rmtree(var, ignore_errors=True)


def _wait_until_it_answers(url: str, program: subprocess.Popen[bytes]) -> None:
    with httpx.Client(transport=httpx.HTTPTransport(retries=0)) as client:
        for _ in range(600):
            assert program.poll() is None, "the program ended"
            try:
                if client.get(f"{url}/readyz").is_success:
                    return
            except httpx.TransportError:
                pass
            signal.sigtimedwait([], 0.1)
    raise AssertionError("no answer within a minute")


class Keyboard:
    """A page, and somebody without a mouse."""

    def __init__(self, page: object) -> None:
        self.page = page

    def tab_to(self, words: str) -> None:
        """Press Tab until the focus is on something that is called so."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")  # type: ignore[attr-defined]
            called = self.page.evaluate(  # type: ignore[attr-defined]
                "() => { const e = document.activeElement;"
                " if (!e.matches('a, button, input, select, textarea')) return '';"
                " return [e.ariaLabel, e.labels?.[0]?.textContent, e.textContent].join(' '); }"
            )
            if words in called:
                return
        raise AssertionError(f"Tab never reaches “{words}”")

    def tab_to_box(self, selector: str) -> None:
        """Press Tab until the focus is in the box that `selector` names."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")  # type: ignore[attr-defined]
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):  # type: ignore[attr-defined]
                return
        raise AssertionError(f"Tab never reaches {selector}")

    def press(self, words: str) -> None:
        """Go to a button or link and press Enter."""
        self.tab_to(words)
        self.page.keyboard.press("Enter")  # type: ignore[attr-defined]

    def sees(self, words: str, seconds: float = 60) -> None:
        """Wait until these words stand on the page."""
        self.page.get_by_text(words).first.wait_for(timeout=seconds * 1000)  # type: ignore[attr-defined]

    def says(self, words: str) -> None:
        """Type into the box that has the focus, and send."""
        self.page.keyboard.type(words)  # type: ignore[attr-defined]
        self.page.keyboard.press("Enter")  # type: ignore[attr-defined]


def test_a_feature_is_planned_modified_approved_and_proved_without_a_mouse(address: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        david = Keyboard(page)

        david.press("David Lindqvist")
        page.wait_for_selector("#say-channel")
        david.tab_to_box("#say-channel")
        david.says("Build the customer dashboard feature from PRD-2025-Q1-Dashboard")
        david.sees("Plan to approve: Customer Dashboard")
        david.sees("17 stories from 21 requirements")

        david.press("Modify")
        david.sees("Stories to leave out", 20)
        david.tab_to("S17")
        page.keyboard.press("Space")
        david.press("Work it out anew")
        david.sees("16 stories")

        david.press("Approve")
        david.sees("with 16 stories", 120)

        david.tab_to_box("#say-thread")
        david.says("who approved that?")
        david.sees("Approved by David Lindqvist", 30)
        browser.close()

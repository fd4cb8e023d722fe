"""`python -m bot doctor`: check every setting and connection, and say what to do."""

from __future__ import annotations

import argparse

from bot.doctor import examine
from bot.finding import Finding
from bot.settings import Settings

HELP = "check every setting and connection, and say what to do"

_MARKS = {"well": "ok  ", "advice": "note", "wrong": "FIX "}


def arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Print what was found; exit code 1 if something must be mended."""
    findings: list[Finding] = [finding async for finding in examine(settings)]
    for finding in findings:
        print(f"{_MARKS[finding.state]}  {finding.what}: {finding.says}")
    return 1 if any(finding.state == "wrong" for finding in findings) else 0

"""What the doctor says about signing in to the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from bot.finding import Finding
from bot.settings import Settings
from bot.sign_in.configuration import sign_in_settings


def examine_sign_in(settings: Settings) -> Iterator[Finding]:
    """What is missing, and what the providers must know of us. Here, where there is no sign-in, nothing is."""
    if settings.env == "local":
        yield Finding("sign-in", "well", "not needed: ENV=local lets you choose who you are")
        return
    configured = sign_in_settings(settings)
    state: Literal["advice", "wrong"] = "advice" if configured.redirects else "wrong"
    for problem in configured.problems:
        yield Finding("sign-in", state, problem)
    if configured.redirects:
        says = f"the apps must know as redirect URL: {', '.join(configured.redirects)}"
        yield Finding("sign-in", "well", says)

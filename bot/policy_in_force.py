"""What the doctor says of the policy: a text that was accepted in chat outranks the file."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy.exc import SQLAlchemyError

from bot.department import Installation
from bot.finding import Finding
from governance.authority.policy import Policy
from governance.authority.policy_error import PolicyError
from governance.directory import names_of_all
from governance.policies import Accepted, accepted_policy
from governance.policy_text import differences
from handlers.conversation.wording import listed

_WHAT = "policy in force"


async def examine_policy(installation: Installation) -> AsyncIterator[Finding]:
    """Which policy rules, and where it is not the file's: row by row, since when, by whose approval.

    Says nothing where the database or the file cannot be read: others report that.
    """
    try:
        installed = installation.policy
        async with installation.database.transaction(installation.settings.tenant) as tx:
            accepted = await accepted_policy(tx, installed)
            names = await names_of_all(tx)
    except (PolicyError, SQLAlchemyError):
        return
    file = installation.settings.authority
    if accepted is None:
        yield Finding(_WHAT, "well", f"{file}; nothing else was accepted in chat")
    elif not isinstance(accepted.policy, Policy):
        why = f"the one accepted in chat cannot be read ({accepted.policy}), so nothing may be done"
        yield Finding(_WHAT, "wrong", f"{why}; install the version of Countersign that accepted it")
    else:
        for finding in _compared(installed, accepted, accepted.policy, _origin(accepted, names), str(file)):
            yield finding


def _origin(accepted: Accepted, names: dict[str, str]) -> str:
    since = f"since {accepted.since:%Y-%m-%d %H:%M} UTC"
    if accepted.approval is None:
        return f"{since}; the approval is not on record"
    return f"{since}, approved by {listed(names[voter] for voter in accepted.by)} ({accepted.approval})"


def _compared(installed: Policy, accepted: Accepted, ruling: Policy, origin: str, file: str) -> list[Finding]:
    otherwise = differences(installed, ruling)
    if not otherwise:
        return [Finding(_WHAT, "well", f"version {accepted.version}, accepted in chat {origin}, as in {file}")]
    lead = (
        f"version {accepted.version}, accepted in chat {origin}, outranks {file} (version {installed.version})"
    )
    fix = "bring the file into line, or propose its rows in chat; editing it alone changes nothing"
    return [
        Finding(_WHAT, "advice", f"{lead}; {fix}"),
        *(Finding(f"{_WHAT}, not as in the file", "advice", sentence) for sentence in otherwise),
    ]

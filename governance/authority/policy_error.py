"""Why a policy cannot be ruled by."""

from __future__ import annotations


class PolicyError(ValueError):
    """The policy is unreadable or says something that it may not: nothing starts, nothing is ruled.

    `line` counts from 1 in the policy's file; `why` and `what_to_do` are sentences for people.
    """

    def __init__(self, line: int, why: str, what_to_do: str) -> None:
        super().__init__(f"authority.yaml, line {line}: {why}. {what_to_do}.")
        self.line = line
        self.why = why
        self.what_to_do = what_to_do

"""For how long a department keeps what its work leaves behind."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LONGEST_AGO_DAYS = 90
"""What an alert's sender says it said longer ago opens nothing, so a replay of what is deleted opens nothing
either: alerts are kept for longer than this."""

_LONGEST_MONTH_DAYS = 31
_Days = Annotated[int, Field(ge=30, le=36_500)]


class RetentionRules(BaseModel):
    """What stands under `retention:` in the department's file, in days after the end of each.

    `canaries` are the requests that a canary was judged by; what the judge said of them stays. `load_tests` are
    what was seen of a load test second by second; its levels and its verdict stay. `alerts` are those that
    belong to no incident as it stands, and what was announced of our own tests. `coverage` is which functions
    and lines a suite's run covered, of all but a repository's newest run; how many they were stays. `models`
    are the calls to models, each with its price: a month's budget is a sum of them. `meetings` are those that
    are over, in the embedded calendar too, and mail that went out: what is noted of it, and the embedded
    outbox's messages. A year and the weeks of its
    audit, unless it says otherwise; alerts half a year.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    canaries: _Days = 400
    load_tests: _Days = 400
    coverage: _Days = 400
    models: Annotated[int, Field(ge=_LONGEST_MONTH_DAYS, le=36_500)] = 400
    meetings: _Days = 400
    alerts: Annotated[int, Field(gt=LONGEST_AGO_DAYS, le=36_500)] = 180

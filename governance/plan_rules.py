"""What a department lets follow on a plan's approval."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class PlanRules(BaseModel):
    """What stands under `plans:` in the department's file. `writing` says when agents begin to write the
    stories of a plan that is set up: when somebody asks for it, or by themselves, so that approving a plan
    approves that."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    writing: Literal["on request", "by itself"] = "on request"

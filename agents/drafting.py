"""A plan drafted by the product owner and the project manager, with a model where there is one."""

from __future__ import annotations

from dataclasses import replace

from agents import product_owner, project_manager
from agents.model import Fence, ModelAccess, ModelFailed
from agents.planning.draft import PlanDraft
from agents.planning.reading.language import ENGLISH, language_of
from agents.planning.request import PlanningInput
from agents.planning.requirements import NotEnglish

WORKERS = (product_owner.ROLE.name, project_manager.ROLE.name)
"""Who drafts a plan."""

NO_MODEL = "no model is configured"


def longest_seconds(access: ModelAccess) -> float:
    """How long a plan is worked on with this model at most: all calls that its two roles may make, the product
    owner's twice (it may have to read another language first), each as long as one is waited for."""
    calls = 2 * product_owner.ROLE.budget.calls + project_manager.ROLE.budget.calls
    return calls * access.timeout_seconds


async def draft_plan(given: PlanningInput, access: ModelAccess | None, fence: Fence) -> PlanDraft:
    """The plan for a document. Without a model, or when the model fails, worked out by rule, and it says why.

    With a model the words are the model's; estimates, schedule, forecast and budget are computed by the
    same code either way. Raises UnplannableDocument, ImpossibleChange, and Halted from the fence.
    """
    await fence()
    if access is not None and language_of(given.document.text) != ENGLISH:
        try:
            given = await product_owner.read_foreign(given, access, fence)
        except ModelFailed as failed:
            raise NotEnglish(given.document.name, language_of(given.document.text), str(failed)) from failed
    reading = await product_owner.by_rule(given)
    if access is None:
        return replace(await project_manager.by_rule(reading, given), worked_out_why=NO_MODEL)
    try:
        written = await product_owner.by_model(reading, given, access, fence)
        return replace(
            await project_manager.by_model(written, given, access, fence), worked_out="model", worked_out_why=""
        )
    except ModelFailed as failed:
        by_rule = await project_manager.by_rule(reading, given)
        return replace(by_rule, worked_out_why=f"the model could not be used: {failed}")

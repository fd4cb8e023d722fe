"""What the log's entries tell of, in people's words; the type itself is for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.audit.entries import EntryKind, Measure

WORDS: Mapping[str, str] = {
    "approval.conditions_met": "Conditions of an approval met",
    "approval.denied": "Approval denied",
    "approval.expired": "Approval expired",
    "approval.gone_past": "Approval gone past in an emergency",
    "approval.requested": "Approval asked for",
    "approval.superseded": "Approval superseded by a newer one",
    "access.identity_gone": "Chat identity unlinked, for it is gone",
    "access.identity_linked": "Chat identity linked by its verified address",
    "approval.vote": "Vote on an approval",
    "approval.withdrawn": "Proposal taken back",
    "audit.erased": "Parts of an entry erased",
    "audit.forgotten": "Somebody's name in the log taken away",
    "customer.record_request": "Customer's request recorded",
    "canary.returned": "Canary ended by itself",
    "department.renewed": "Department file taken over as it was changed",
    "incident.declared": "Incident declared by hand",
    "incident.ended": "Incident over",
    "incident.operated": "Incident handled from the command line",
    "incident.opened": "Incident opened by an alert",
    "file.taken": "File taken along",
    "file.not_taken": "File refused by OneDrive",
    "governance.allow_emergency_deployment": "Emergency deployment",
    "governance.change_policy": "Change of the policy",
    "governance.close_window": "End of a window",
    "governance.delegate": "Votes handed over",
    "governance.end_delegation": "Votes taken back",
    "governance.add_product": "Product added",
    "governance.add_team": "Team added",
    "governance.configure_agent": "Agent set",
    "governance.give_role": "Role given",
    "governance.remove_product": "Product removed",
    "governance.remove_team": "Team removed",
    "governance.halt_agents": "Halt of all agents",
    "governance.lay_freeze": "Freeze",
    "governance.lift_freeze": "Freeze lifted",
    "governance.link_identity": "Chat identity linked",
    "governance.open_window": "Window opened",
    "governance.overrule_agent": "Agent overruled",
    "governance.resume_agents": "Agents let go on",
    "governance.review_emergency": "Review of an emergency deployment",
    "governance.take_role": "Role taken away",
    "governance.unlink_identity": "Chat identity unlinked",
    "mail.pruned": "Old mail deleted from the outbox",
    "override.halt_agents": "Halt of all agents, from the command line",
    "override.resume_agents": "Agents let go on, from the command line",
    "plan.cancel": "Plan cancelled",
    "plan.execute": "Plan carried out",
    "plan.pause": "Plan paused",
    "plan.replan": "Plan worked out anew",
    "roadmap.adopt": "Roadmap made the plan of record",
    "roadmap.withdraw": "Roadmap taken back",
    "plan.resume": "Plan resumed",
    "story.begun": "Agent put on a story",
    "tracker.assign_stories": "Stories assigned",
    "tracker.cancel_epic": "Epic cancelled",
    "tracker.cancel_stories": "Stories cancelled",
    "tracker.create_epic": "New epic",
    "calendar.book": "Meeting booked",
    "calendar.cancel": "Meeting called off",
    "calendar.change": "Meeting changed",
    "code.close_pull_request": "Pull request closed unmerged",
    "code.comment_on_pull_request": "Comment on a pull request",
    "code.merge_pull_request": "Merge of a pull request",
    "code.open_pull_request": "New pull request",
    "code.push_branch": "Push to a branch",
    "code.report_check": "Check of a commit",
    "code.revert_pull_request": "New pull request that takes one back",
    "code.review_in_person": "Somebody’s own review of a pull request",
    "code.review_pull_request": "Review of a pull request",
    "code.update_pull_request": "Change of a pull request’s text",
    "capacity.reserve": "Capacity reserved",
    "delivery.ask_owner": "Asked to end what holds work up",
    "delivery.share_api_documents": "API documents generated and shared",
    "deployments.deploy": "Deployment",
    "deployments.patch_staging": "Security patch to staging",
    "deployments.begin_canary": "Canary begun",
    "deployments.step_canary": "Canary: more of the traffic",
    "deployments.promote_canary": "Canary promoted",
    "deployments.abort_canary": "Canary aborted",
    "deployments.roll_back": "Rollback",
    "deployments.close_breaker": "Closing a breaker",
    "deployments.open_breaker": "Opening a breaker",
    "deployments.scale": "Scaling",
    "load.run_test": "Load test",
    "mail.send_invitation": "Invitation by mail",
    "mail.send_to_customer": "Mail to a customer",
    "tracker.create_story": "New story",
    "tracker.create_urgent_story": "New urgent story",
    "tracker.reschedule_stories": "Stories scheduled anew",
    "tracker.schedule_story": "Story scheduled",
    "tracker.start_stories": "Feature started",
    "tracker.set_priorities": "Priorities of stories",
    "tracker.set_priority": "Priority of a story",
    "tracker.set_status": "Status of stories",
    "turn.clicked": "Button pressed",
    "turn.said": "Message",
}
"""By the entry's type: an action's, or one of the log's own. A test holds that none is missing."""

_STAGES = {
    EntryKind.INTENT: "intended",
    EntryKind.REFUSAL: "refused",
    EntryKind.RULING: "left to people",
}
_ENDS = {"done": "done", "failed": "not done", "unknown": "nobody knows whether it was done"}


def what_happened(content: Mapping[str, Any]) -> str:
    """An entry in a few words: what it is about, and how far that had come."""
    words = WORDS.get(content["type"], content["type"])
    kind = EntryKind(content["kind"])
    if kind is EntryKind.OUTCOME:
        return f"{words}: {_ENDS[content['measures'][Measure.OUTCOME]]}"
    return f"{words}: {_STAGES[kind]}" if kind in _STAGES else words

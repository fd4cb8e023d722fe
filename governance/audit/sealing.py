"""Sealing: from an entry to the bytes that are hashed, and to the openings that may be erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from governance.audit.canonical import Plain, amount, canonical_of_ours, moment
from governance.audit.commitments import Opening, commit
from governance.audit.commitments import write_openings as write_openings
from governance.audit.entries import AnyEntry, ApprovalChain, Entry, NotApplicable, Part
from governance.audit.entry_ids import new_id as new_id
from governance.audit.merkle import leaf_hash


@dataclass(frozen=True, slots=True)
class Sealed:
    """`data` is the entry's canonical JSON, `leaf` its hash; `openings` open the commitments in it."""

    id: str
    data: str
    leaf: bytes
    openings: Mapping[str, Opening]


def seal(entry: AnyEntry) -> Sealed:
    """Commit to what may be erased, and fix the rest. Raises `NotCanonical` for what JSON cannot carry."""
    openings: dict[str, Opening] = {}

    def committed(part: Part, value: object) -> Plain:
        if isinstance(value, NotApplicable):
            return {"not_applicable": value.not_applicable.value}
        openings[part.value] = opening = commit(value)
        return {"commitment": opening.commitment}

    actor, entry_id = entry.actor, new_id(entry.at)
    erases = _erases(entry.erases) if isinstance(entry, Entry) and entry.erases else {}
    data = canonical_of_ours(
        {
            **erases,
            "id": entry_id,
            "kind": entry.kind.value,
            "type": entry.type,
            "at": moment(entry.at),
            "actor": {
                "kind": actor.kind,
                "id": actor.id,
                "on_behalf_of": actor.on_behalf_of,
                "identity": committed(Part.IDENTITY, actor.identity) if actor.identity else None,
            },
            "subject": entry.subject,
            "turn": entry.turn,
            "effect": entry.effect,
            "details": committed(Part.DETAILS, entry.details),
            "measures": {
                measure.value: amount(value) if isinstance(value, Decimal) else value
                for measure, value in entry.measures.items()
            },
            "rationale": committed(Part.RATIONALE, entry.rationale),
            "approvals": _clear(entry.approvals),
            "impact": committed(Part.IMPACT, entry.impact),
            "rollback_plan": committed(Part.ROLLBACK_PLAN, entry.rollback_plan),
            "artifacts": committed(Part.ARTIFACTS, entry.artifacts),
        }
    )
    return Sealed(entry_id, data.decode(), leaf_hash(data), openings)


def _erases(erased: Mapping[str, Sequence[Part]]) -> dict[str, Plain]:
    return {"erases": {entry_id: [part.value for part in parts] for entry_id, parts in erased.items()}}


def _clear(chain: ApprovalChain | NotApplicable) -> Plain:
    if isinstance(chain, NotApplicable):
        return {"not_applicable": chain.not_applicable.value}
    return {
        "rule": chain.rule,
        "policy_version": chain.policy_version,
        "verdict": chain.verdict.value,
        "approval": chain.approval,
        "votes": [
            {"person": vote.person, "role": vote.role, "verdict": vote.verdict, "at": moment(vote.at)}
            for vote in chain.votes
        ],
    }

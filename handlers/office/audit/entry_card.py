"""One entry of the log with its eight parts and its proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from governance.audit.commitments import OpeningMismatch
from governance.audit.entries import Part
from governance.audit.merkle import ProofError
from governance.audit.nodes import NodeMissing
from governance.audit.proving import prove_entry
from governance.audit.search import Found
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Bold, Code, Fields, File, Moment, Quote, Reply, Small, Text
from handlers.conversation.cards import Card as Shown
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, names_of_people
from handlers.office.audit_log import NOT_FOR_ALL
from handlers.office.audit_log.entry_words import what_happened

_PLAIN_AT_MOST = 300
"""Details longer than this go into a file: they are shown whole or not at all."""


async def entry_reply(desk: Desk, found: Found) -> Reply:
    """The entry as it was recorded, opened as far as it was not erased, and its proof as a file."""
    names = await names_of_people(desk.tx)
    content = found.content
    what = what_happened(content)
    title = f"Entry {found.number}: {what}" if found.number is not None else what
    blocks: list[Block] = [
        Text((who_acted(content, names), " · ", Moment(datetime.fromisoformat(content["at"])))),
        Fields(_parts(found, names)),
    ]
    blocks += await _details(desk, found)
    blocks += await _proof(desk, found)
    text = f"{title}: {who_acted(content, names)}, {content['at']}."
    return Reply(text=text, cards=(Shown(title, tuple(blocks)),), restricted=NOT_FOR_ALL)


def who_acted(content: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The actor, and on whose behalf."""
    actor = content["actor"]
    who = names[actor["id"]] if actor["kind"] == "person" else _automation(actor)
    return f"{who} for {names[actor['on_behalf_of']]}" if actor["on_behalf_of"] else who


def _automation(actor: Mapping[str, Any]) -> str:
    name = actor["id"].replace("_", " ")
    return f"the {name} agent" if actor["kind"] == "agent" else f"the {name}"


def _parts(found: Found, names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    content = found.content
    erases = content.get("erases", {})
    erased = (("Erased", f"texts of {counted(len(erases), 'entry', 'entries')}"),) if erases else ()
    return (
        ("Recorded as", f"{content['kind']} of {content['type']}"),
        ("Spoke as", _part(found, Part.IDENTITY) if content["actor"]["identity"] else "not recorded"),
        ("Rationale", _part(found, Part.RATIONALE)),
        ("Approval chain", approval_chain(content["approvals"], names)),
        ("Impact", _part(found, Part.IMPACT)),
        ("Rollback plan", _part(found, Part.ROLLBACK_PLAN)),
        ("Related artifacts", _part(found, Part.ARTIFACTS)),
        ("About", str(content["subject"] or content["effect"] or content["turn"] or "nothing in particular")),
        *erased,
    )


def approval_chain(chain: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The ruling and the votes in one line."""
    if "not_applicable" in chain:
        return _absence(chain)
    verdict = chain["verdict"].replace("_", " ")
    ruled = f"{verdict} by the rule {chain['rule']}, policy {chain['policy_version']}"
    votes = [
        f"{names[vote['person']]} ({vote['role'].replace('_', ' ')}), {vote['verdict']}, {vote['at']}"
        for vote in chain["votes"]
    ]
    return "; ".join((ruled, *votes))


def _part(found: Found, part: Part) -> str:
    recorded = found.content.get(part.value, {})
    if "not_applicable" in recorded:
        return _absence(recorded)
    try:
        value = found.part(part)
    except OpeningMismatch as why:
        return _does_not_open(why)
    if value is None:
        return "erased"
    return "; ".join(value) if isinstance(value, list) else str(value)


def _does_not_open(why: OpeningMismatch) -> str:
    return f"the log does not hold here: {why}"


def _absence(recorded: Mapping[str, Any]) -> str:
    return f"does not apply ({recorded['not_applicable'].replace('_', ' ')})"


async def _details(desk: Desk, found: Found) -> list[Block]:
    try:
        details = found.part(Part.DETAILS)
    except OpeningMismatch as why:
        return [Text((Bold("Details"), f": {_does_not_open(why)}."))]
    if details is None:
        return [Small(("Its details were erased.",))]
    if not details:
        return []
    written = json.dumps(details, indent=2, ensure_ascii=False)
    if len(written) <= _PLAIN_AT_MOST:
        return [Quote(written, "details, as recorded")]
    name = f"entry-{found.number if found.number is not None else found.id}.json"
    kept = await desk.files.put(desk.tx, name, "application/json", written.encode(), EVERYTHING)
    return [File(kept, name, "The details, as recorded")]


async def _proof(desk: Desk, found: Found) -> list[Block]:
    if found.number is None:
        return [Small(("Not numbered yet: its proof exists in a moment. Ask again.",))]
    try:
        proved = await prove_entry(desk.tx, found.number)
    except (ProofError, NodeMissing) as broken:
        why = f"It is not what was recorded, or the log does not hold: {broken}. Verify the log."
        return [Text((Bold("No proof"), f": {why}"))]
    if proved is None:
        return [Small(("No checkpoint covers it yet: its proof exists in a moment. Ask again.",))]
    proof, checkpoint = proved
    name = f"entry-{found.number}.tlog-proof"
    content = proof.text().encode()
    kept = await desk.files.put(desk.tx, name, "text/plain", content, EVERYTHING)
    return [
        File(kept, name, "The proof that it stands in the log"),
        Small(
            (
                f"Proved: entry {found.number} of {checkpoint.size}, by {len(proof.proof)} hashes up to the"
                " signed root ",
                Code(checkpoint.root.hex()[:16]),
                f"… of {checkpoint.origin}.",
            )
        ),
    ]

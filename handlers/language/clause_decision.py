"""What one clause decides about the open proposal, if it says so as a whole."""

from __future__ import annotations

import re

from handlers.language import decision_words as words
from handlers.language.kinds import Thing
from handlers.language.matching import Resolved, find
from handlers.language.ordinals import CHOICE, chosen
from handlers.language.reply import Decision, FollowUp, OpenProposal
from handlers.language.words import plain, tokens

_MEANS_IT = frozenset(
    tokens(
        "it this that them these those the a an of your our my proposal proposals request requests "
        "recommendation recommendations suggestion suggestions action actions item items change changes card "
        "option options step steps plan please now then one ones above"
    )
)
"""Words that name no other thing than the proposal itself."""


def decision_of(said: str, proposal: OpenProposal) -> FollowUp | None:
    """The decision that `said` (plain text) is, or None. Conditions and the like are not in it any more."""
    if words.DEFER.fullmatch(said):
        return FollowUp(Decision.DEFER)
    if words.DENY.fullmatch(said):
        return FollowUp(Decision.DENY)
    if words.DENY_WEAK.fullmatch(said):
        return FollowUp(Decision.DENY, unmistakable=False)
    if words.APPROVE_ALONE.fullmatch(said):
        return FollowUp(Decision.APPROVE)
    if words.APPROVE_WEAK.fullmatch(said) or words.APPROVE_WISH.fullmatch(said):
        return FollowUp(Decision.APPROVE, unmistakable=False)
    return _button(said, proposal) or _with_object(said, proposal) or _choice(said, proposal)


_APPROVING_BUTTONS = re.compile(
    "approve(?: all)?|yes|execute|reserve|send|submit|confirm|start|deploy|apply|release|accept|proceed"
    "|schedule|publish|promote"
)
_TITLE_VERBS = re.compile(
    "deploy|release|send|scale|create|notify|reserve|promote|patch|start|merge|schedule|freeze"
)
_OPENING = re.compile(r"^(?:please |ok |okay |yes |then |and |just |also )*")


def _button(said: str, proposal: OpenProposal) -> FollowUp | None:
    """A button's own label said of this proposal ("send it to Acme"), or the title's verb ("deploy it")."""
    spoken = _OPENING.sub("", said)
    this = set(_MEANS_IT)
    of_this = this | {"to", *tokens(f"{proposal.kind} {proposal.title}")}
    labels = [plain(label) for label in proposal.buttons if _APPROVING_BUTTONS.fullmatch(plain(label))]
    verbs = [word for word in tokens(proposal.title)[:1] if _TITLE_VERBS.fullmatch(word)]
    for label, allowed in (*((label, of_this) for label in labels), *((verb, this) for verb in verbs)):
        rest = spoken.removeprefix(label)
        if rest != spoken and rest[:1] in ("", " ") and set(tokens(rest)) <= allowed:
            return FollowUp(Decision.APPROVE)
    return None


def _with_object(said: str, proposal: OpenProposal) -> FollowUp | None:
    for pattern, decision in (
        (words.APPROVE_VERB, Decision.APPROVE),
        (words.APPROVED, Decision.APPROVE),
        (words.DENY_VERB, Decision.DENY),
        (words.CANCEL, Decision.CANCEL),
    ):
        if found := pattern.fullmatch(said):
            return _about(decision, (found["object"] or "").strip(), proposal)
    if found := words.MODIFY.fullmatch(said):
        wanted = found["edit"] or found["instead"] or (found["object"] or "").strip()
        return FollowUp(Decision.MODIFY, changes=(wanted,) if wanted else ())
    return None


_CHOOSING = re.compile(
    r"(?:(?:ok|okay|yes to|yes|yep|please|go with|i choose|i pick|i'?d take|i take|only do|just do|do) )*"
    r"(?P<choice>.+?)(?:,? (?:please|thanks|yes))*"
)


def _choice(said: str, proposal: OpenProposal) -> FollowUp | None:
    """Numbers ("1 and 3 please") choose where there is something to choose from.

    Numbers and not a word more may answer another question, unless the card asks to select.
    """
    bare = _CHOOSING.fullmatch(said)
    found = CHOICE.fullmatch(bare["choice"]) if bare else None
    picked = chosen(found, len(proposal.items)) if found and len(proposal.items) > 1 else None
    if bare is None or picked is None:
        return None
    asked = any(plain(label).startswith("select") for label in proposal.buttons)
    wordy = bare["choice"] != said or re.match(r"only|just|all|both|everything", said) is not None
    return FollowUp(Decision.APPROVE, items=picked, unmistakable=asked or wordy)


_AMENDED = re.compile(r"(?:with(?! (?:a )?notification)|without|minus|except)\b")
_TRAILING = re.compile(
    r"(?:^| )(?:please|pls|now|then|thanks|thank you|asap|right away|immediately|from my side|from me|by me)$"
)


def _about(decision: Decision, phrase: str, proposal: OpenProposal) -> FollowUp | None:
    """The decision if `phrase`, its object, is this proposal or items of it; None if it is something else."""
    phrase = _TRAILING.sub("", phrase).strip(" ,:")
    if not phrase:
        return FollowUp(decision)
    if decision is Decision.APPROVE and _AMENDED.match(phrase):
        return FollowUp(Decision.MODIFY, changes=(phrase,))
    if phrase in ("one", "two", "three"):
        return FollowUp(decision, unmistakable=False)
    if found := CHOICE.fullmatch(phrase):
        picked = chosen(found, len(proposal.items)) if proposal.items else (() if found["all"] else None)
        return FollowUp(decision, unmistakable=False) if picked is None else FollowUp(decision, items=picked)
    meant = [word for word in tokens(phrase) if word not in _MEANS_IT]
    if not meant:
        return FollowUp(decision)
    items = tuple(Thing(str(number), item) for number, item in enumerate(proposal.items, 1))
    spoken_of = set(tokens(f"{proposal.kind} {proposal.title} {' '.join(proposal.items)}"))
    if not set(meant) <= spoken_of:
        return None
    if set(meant) <= set(tokens(f"{proposal.kind} {proposal.title}")):
        return FollowUp(decision)
    named = find(" ".join(meant), items)
    if isinstance(named, Resolved):
        return FollowUp(decision, items=(int(named.thing.id),))
    return FollowUp(decision, unmistakable=False)

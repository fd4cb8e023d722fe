"""What one clause decides about what is open, if it says so as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from handlers.language import decision_words as words
from handlers.language.choices import Chosen, Option, Vague, choose, is_by_number
from handlers.language.decision_words import one_of
from handlers.language.words import plain, tokens

_OBJECT_FIRST = r"(?P<object>(?:the |that |this )?[^,:]+?)(?:,|:| -)? ?(?:(?:is|are|looks?|seems?|sounds?) )?"
_OBJECT_FIRST_YES = re.compile(
    _OBJECT_FIRST
    + one_of(
        r"""
    (?:fine|ok|okay|good|great|yes|approved|go|all right|alright|perfect|accepted|a yes|a go|good to go
    yep|yup|👍+|✅+)(?: (?:by|with|for) me| from me| then| too| please| go ahead)?
        """
    )
)
_OBJECT_FIRST_NO = re.compile(
    _OBJECT_FIRST
    + one_of(
        r"""
    (?:no|nope|denied|rejected|a no|not (?:ok|okay|fine|good)|declined|nein|non|👎+|❌+)(?: from me| please)?
        """
    )
)
_OBJECT_FIRST_WAITS = re.compile(
    _OBJECT_FIRST
    + one_of(
        r"""
    (?:can wait|has to wait|must wait|waits|later|not yet|stays open|stays|on hold)
    needs (?:more )?(?:time|thought)
    (?:i|we) (?:need|have|want) to .+|let me .+ first|i'?ll .+|not now|tomorrow|next week
        """
    )
    + "(?: for now| then)?"
)
"""What something is called, and then what is decided about it."""


class Decision(StrEnum):
    """What a reply decides. Only `approve` and `deny` are votes; `none` is a reply that decides nothing."""

    APPROVE = "approve"
    DENY = "deny"
    DEFER = "defer"
    CANCEL = "cancel"
    MODIFY = "modify"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """What a reply may be about: `kind` in a word or two (`deployment`, `epic`), `title` as the card has it,
    `items` the numbered lines (item 1 first) with their `prices`, `buttons` the labels that the card offers.

    `several` proposals in one thread are read as one list of their titles; each is decided by itself.
    """

    kind: str
    title: str = ""
    items: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ("Approve", "Deny")
    prices: tuple[Decimal | None, ...] = ()
    several: bool = False

    @property
    def options(self) -> tuple[Option, ...]:
        """The items as what may be chosen."""
        prices = self.prices or (None,) * len(self.items)
        return tuple(Option(item, price) for item, price in zip(self.items, prices, strict=True))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision about these items; () for the whole. `vague` if it depends on a judgement which they are:
    `items` are then those to ask about. `everything` if one word meant all of several proposals."""

    decision: Decision
    items: tuple[int, ...] = ()
    changes: tuple[str, ...] = ()
    unmistakable: bool = True
    vague: bool = False
    everything: bool = False


_MEANS_IT = frozenset(
    tokens(
        "it this that them these those the a an of your our my proposal proposals request requests "
        "recommendation recommendations suggestion suggestions action actions item items change changes card "
        "option options step steps plan please now then one ones above"
    )
)
"""Words that name no other thing than the proposal itself."""


def decision_of(said: str, proposal: OpenProposal) -> Verdict | None:
    """The decision that `said` (plain text) is, or None. Conditions and the like are not in it any more."""
    if words.DEFER.fullmatch(said):
        return Verdict(Decision.DEFER)
    if words.DENY.fullmatch(said):
        return Verdict(Decision.DENY)
    if words.DENY_WEAK.fullmatch(said):
        return Verdict(Decision.DENY, unmistakable=False)
    if words.APPROVE_ALONE.fullmatch(said):
        return Verdict(Decision.APPROVE)
    if words.APPROVE_WEAK.fullmatch(said) or words.APPROVE_WISH.fullmatch(said):
        return Verdict(Decision.APPROVE, unmistakable=False)
    return _button(said, proposal) or _with_object(said, proposal) or _choice(said, proposal)


def verdict_on(said: str, proposal: OpenProposal) -> Verdict | None:
    """A decision that names what it is about before it says which: “the mail is fine”, “2 no”."""
    for pattern, decision in (
        (_OBJECT_FIRST_NO, Decision.DENY),
        (_OBJECT_FIRST_WAITS, Decision.DEFER),
        (_OBJECT_FIRST_YES, Decision.APPROVE),
    ):
        if found := pattern.fullmatch(said):
            about = found["object"].strip(" ,:")
            if not proposal.several and about and set(tokens(about)) <= _MEANS_IT:
                return Verdict(decision, unmistakable=decision is Decision.DENY)
            if not proposal.several and _is_part_of_its_title(about, proposal):
                return Verdict(decision, unmistakable=False)
            verdict = _chosen(decision, about, proposal)
            if verdict is not None and (proposal.several or is_by_number(about)):
                return verdict
    return None


def _is_part_of_its_title(about: str, proposal: OpenProposal) -> bool:
    """“architect ok”, of the proposal to make somebody an architect: likely it; another may be called so."""
    meant = {word for word in tokens(about) if word not in _MEANS_IT}
    return bool(meant) and meant <= set(tokens(f"{proposal.kind} {proposal.title}"))


def item_named(said: str, proposal: OpenProposal) -> tuple[int, ...]:
    """The items that `said` as a whole is the name of; none if it is something else."""
    found = choose(words.AN_OBJECT.sub("", said), proposal.options) if proposal.several else None
    return found.numbers if isinstance(found, Chosen) and not found.everything else ()


_APPROVING_BUTTONS = re.compile(
    "approve(?: all)?|yes|execute|reserve|send|submit|confirm|start|deploy|apply|release|accept|proceed"
    "|schedule|publish|promote"
)
_TITLE_VERBS = re.compile(
    "deploy|release|send|scale|create|notify|reserve|promote|patch|start|merge|schedule|freeze"
)
_OPENING = re.compile(r"^(?:please |ok |okay |yes |then |and |just |also )*")


def _button(said: str, proposal: OpenProposal) -> Verdict | None:
    """A button's own label said of this proposal ("send it to Acme"), or the title's verb ("deploy it")."""
    spoken = _OPENING.sub("", said)
    this = set(_MEANS_IT)
    of_this = this | {"to", *tokens(f"{proposal.kind} {proposal.title}")}
    labels = [plain(label) for label in proposal.buttons if _APPROVING_BUTTONS.fullmatch(plain(label))]
    verbs = [word for word in tokens(proposal.title)[:1] if _TITLE_VERBS.fullmatch(word)]
    for label, allowed in (*((label, of_this) for label in labels), *((verb, this) for verb in verbs)):
        rest = spoken.removeprefix(label)
        if rest != spoken and rest[:1] in ("", " ") and set(tokens(rest)) <= allowed:
            return Verdict(Decision.APPROVE)
    return None


def _with_object(said: str, proposal: OpenProposal) -> Verdict | None:
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
        return Verdict(Decision.MODIFY, changes=(wanted,) if wanted else ())
    return None


_CHOOSING = re.compile(
    r"(?:(?:ok|okay|yes to|yes|yep|please|go with|i choose|i pick|i'?d take|i take|only do|just do|do|go"
    r" for|take) )*"
    r"(?P<choice>.+?)(?:,? (?:please|thanks|yes))*"
)
_REFUSING = re.compile(r"(?:no to|no for|not ok with|against) (?P<choice>.+)")


def _choice(said: str, proposal: OpenProposal) -> Verdict | None:
    """Numbers ("1 and 3 please") choose where there is something to choose from, names where several
    proposals are open.

    Numbers and not a word more may answer another question, unless the card asks to select.
    """
    if len(proposal.items) < 2:
        return None
    if refused := _REFUSING.fullmatch(said):
        return _chosen(Decision.DENY, refused["choice"], proposal)
    bare = _CHOOSING.fullmatch(said)
    if bare is None:
        return None
    wordy = bare["choice"] != said or re.match(r"only|just|all|both|every|everything|those", said) is not None
    if not is_by_number(bare["choice"]) and not wordy:
        return None
    picked = _chosen(Decision.APPROVE, bare["choice"], proposal)
    if picked is None or picked.vague:
        return picked if wordy else None
    asked = proposal.several or any(plain(label).startswith("select") for label in proposal.buttons)
    return Verdict(Decision.APPROVE, picked.items, unmistakable=asked or wordy, everything=picked.everything)


def _chosen(decision: Decision, phrase: str, proposal: OpenProposal) -> Verdict | None:
    found = choose(phrase, proposal.options)
    if isinstance(found, Vague):
        return Verdict(decision, found.likely, unmistakable=False, vague=True)
    if found is None:
        return None
    if found.everything:
        return Verdict(decision, everything=proposal.several)
    return Verdict(decision, found.numbers)


_AMENDED = re.compile(r"(?:with(?! (?:a )?notification)|without|minus|except(?! (?:if|when|on|during|in)\b))\b")
_TRAILING = re.compile(
    r"(?:^| )(?:please|pls|now|then|thanks|thank you|asap|right away|immediately|from my side|from me|by me)$"
)


def _about(decision: Decision, phrase: str, proposal: OpenProposal) -> Verdict | None:
    """The decision if `phrase`, its object, is this proposal or items of it; None if it is something else."""
    phrase = _TRAILING.sub("", phrase).strip(" ,:")
    if not phrase:
        return Verdict(decision)
    if decision is Decision.APPROVE and _AMENDED.match(phrase) and not proposal.several:
        return Verdict(Decision.MODIFY, changes=(phrase,))
    if phrase in ("one", "two", "three"):
        return Verdict(decision, unmistakable=False)
    if is_by_number(phrase):
        picked = _chosen(decision, phrase, proposal)
        if picked is None and not proposal.items and re.match(r"all|everything", phrase):
            return Verdict(decision)
        return picked or Verdict(decision, unmistakable=False)
    meant = [word for word in tokens(phrase) if word not in _MEANS_IT]
    if not meant:
        return Verdict(decision)
    if proposal.items and (picked := _chosen(decision, phrase, proposal)) is not None:
        return picked
    spoken_of = set(tokens(f"{proposal.kind} {proposal.title} {' '.join(proposal.items)}"))
    if not set(meant) <= spoken_of:
        return None
    if set(meant) <= set(tokens(f"{proposal.kind} {proposal.title}")) and not proposal.several:
        return Verdict(decision)
    return Verdict(decision, unmistakable=False)

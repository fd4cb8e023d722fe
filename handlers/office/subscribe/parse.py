"""What somebody wants to be told of, read from their words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from handlers.conversation.handler import CannotAnswer
from handlers.language.labels import read_environment
from handlers.language.resolver import Found
from handlers.language.words import plain, tokens
from handlers.office.subscribe.subscriptions import Event, Kind

Act = Literal["list", "stop", "watch", "blockers", "no_blockers", "cannot"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for. `standing` and its `subject` are set where it is not about one thing; `cannot`
    names what nothing here reports. `environment` is where a deployment is.
    `hopes` is what was said of a release, which the tracker cannot know."""

    act: Act
    event: Event = Event.CHANGES
    each_time: bool = False
    standing: Kind | None = None
    subject: str = ""
    everything: bool = False
    cannot: str = ""
    environment: str = ""
    hopes: bool = False


_LIST = re.compile(
    r"\b(?:what|which)\b.*\b(?:subscribed|subscriptions?|notifications?|alerts?|follow(?:ing)?|watch(?:ing)?)\b"
    r"|\b(?:my|show|list|all)\b.*\bsubscriptions?\b|^(?:subscriptions?|subscribe|unsubscribe)[.?!]*$"
)
_STOP = re.compile(
    r"^(?:please |pls |can you |could you |ok,? )*(?:stop|unsubscribe|unfollow|unwatch|no more|don'?t|do not"
    r"|cancel|mute|end|forget|turn off|switch off|drop my|remove my)\b"
)
_ALL = re.compile(r"\b(?:all|everything|any|every)\b")
_CHANNEL = re.compile(
    r"\b(?:tell|let|notify|inform|post (?:to|in)) (?:the |this )?(?:channel|team|everybody)\b|#\w"
)
_EACH = re.compile(
    r"\bwhenever\b|\b(?:every|each) (?:time|new)\b|\balways\b|\bany time\b|\bfollow\b|\bwatch\b|\bkeep\b"
    r"|\bin the loop\b|\bposted\b|\binformed\b|\bany(?:thing|body|one)?\b|\bsomebody\b|\bsomeone\b|\balerts?\b"
)
_ONCE = re.compile(r"\bonce\b(?! (?:a|per)\b)|\bas soon as\b|\bwhen\b|\bif\b")

_BLOCKED = re.compile(r"\bblock\w*|\bstuck\b|\bheld up\b|\bimpediments?\b")
_APPROVED = re.compile(r"\bapprov\w*|\bsigned off\b|\bsign-?off\b")
_DONE = re.compile(
    r"\bdone\b|\bfinish\w*|\bready\b|\blive\b|\bship\w*|\bcomplet\w*|\breleased?\b|\bin production\b"
    r"|\bthrough\b|\bdelivered\b|\bimplemented\b|\bover\b"
)
_RELEASED = re.compile(r"\blive\b|\bship\w*|\breleased?\b|\bin production\b")
_ENDS = re.compile(
    r"\blift\w*|\bends?\b|\bended\b|\bover\b|\bresum\w*|\bgo on\b|\bresolved\b|\bcleared\b|\bgone\b"
)

_STANDING = (
    (Kind.INCIDENTS, re.compile(r"\bincidents?\b|\boutages?\b")),
    (
        Kind.HALTS,
        re.compile(r"\bhalt\w*|\bagents? (?:are |is |get |gets )?(?:all )?(?:stopped|stop|resumed?)\b"),
    ),
    (Kind.EMERGENCIES, re.compile(r"\bemergenc\w*|\boverrid\w*|\boverrod\w*")),
    (Kind.FREEZES, re.compile(r"\bfreez\w*|\bfroze\w*|\bfrozen\b")),
)
_DEPLOYMENTS = re.compile(
    r"\bdeploy\w*|\bcanar(?:y|ies)\b|\brollbacks?\b|\brolled back\b|\b(?:the|a|new|every|each) releases?\b"
)
_PRIORITY = re.compile(r"\bp ?(?P<level>[01])\b")
_ANYTHING_BLOCKED = re.compile(
    r"\b(?:anything|any stor(?:y|ies)|something|a story|stories)\b(?! (?:of|in|for|about) (?!mine|my))"
    r"|\bblocker alerts?\b|\b(?:new |about |of |to |all )blockers?\b|\bwhat(?:ever)? (?:is|gets) blocked\b"
)

_NOT_REPORTED = (
    (
        "error rates, latency and load",
        re.compile(r"\berror rates?\b|\blatency\b|\bslos?\b|\bload tests?\b|\bload\b"),
    ),
    ("tests and coverage", re.compile(r"\btests?\b|\bqa\b|\bcoverage\b|\bpipelines?\b|\bbuilds?\b")),
    (
        "security findings",
        re.compile(r"\bvulnerabilit\w*|\bcves?\b|\bsecurity (?:findings?|issues?|scans?)\b|\bscans?\b"),
    ),
    ("costs", re.compile(r"\bcosts?\b|\bbudgets?\b|\bspend\w*")),
    ("services that are down", re.compile(r"\b(?:is|are|goes|go) down\b|\bunavailable\b")),
    ("renewals", re.compile(r"\brenewals?\b|\brenews\b")),
    (
        "dates",
        re.compile(r"\bremind\b|\bslips?\b|\bslipped\b|\bsprint (?:ends|starts)\b|\b(?:is|are|be) late\b"),
    ),
    ("the roadmap", re.compile(r"\broadmap\b")),
)

WORDS = frozenset(
    tokens(
        "tell me let know notify alert alerts ping inform keep posted informed loop follow following watch warn"
        " message send give drop shout heads up notification notifications subscribe subscribed subscription"
        " subscriptions unsubscribe unfollow about updates changes change changed moves move moved moving if"
        " when whenever once soon as time each every anything everything gets get getting blocked block blocker"
        " blockers done finished ready live shipped ships ship released release out through completed complete"
        " approved approves approve somebody someone stop telling notifying alerting want wants be told hear"
        " like would please pls no more any longer production new eye mine again don't dont cancel all from way"
        " goes happens on off turn it's its i'd see news set gone over implemented delivered stuck held feature"
        " becomes becoming"
    )
)
"""Words of such a request, which name nothing."""
WORDS_OF_DEPLOYMENTS = WORDS | frozenset(
    tokens(
        "deploy deploys deploying deployed deployment deployments rollback rollbacks rolled back releases"
        " canary canaries staging service services version versions to in of the a an any it there"
    )
)


def read_ask(text: str) -> Ask:
    """What the words ask for."""
    said = plain(text)
    if _STOP.search(said):
        if _BLOCKED.search(said) and _ANYTHING_BLOCKED.search(said):
            return Ask("no_blockers")
        return Ask("stop", everything=_ALL.search(said) is not None)
    if _LIST.search(said):
        return Ask("list")
    if _CHANNEL.search(said):
        return Ask("cannot", cannot="channel")
    if _BLOCKED.search(said) and _ANYTHING_BLOCKED.search(said):
        return Ask("blockers")
    return _standing(said) or _thing(said)


def _standing(said: str) -> Ask | None:
    """What comes up or stands in the department, rather than one thing in it."""
    kind = next((kind for kind, pattern in _STANDING if pattern.search(said)), None)
    if kind is not None:
        ends = _ENDS.search(said) is not None
        each = _EACH.search(said) is not None or not _ONCE.search(said)
        return Ask("watch", Event.ENDS if ends else Event.BEGINS, each, kind)
    if _DEPLOYMENTS.search(said):
        each = _EACH.search(said) is not None or not _ONCE.search(said)
        where = read_environment(said) or ""
        return Ask("watch", Event.BEGINS, each, Kind.DEPLOYMENTS, environment=where)
    level = _PRIORITY.search(said)
    if level is not None:
        return Ask("watch", Event.BEGINS, True, Kind.PRIORITY, f"P{level['level']}")
    return None


def _thing(said: str) -> Ask:
    missing = next((name for name, pattern in _NOT_REPORTED if pattern.search(said)), "")
    if _BLOCKED.search(said):
        event = Event.BLOCKED
    elif _APPROVED.search(said):
        event = Event.APPROVED
    else:
        event = Event.DONE if _DONE.search(said) else Event.CHANGES
    each = _EACH.search(said) is not None and event is not Event.DONE
    once = event is Event.CHANGES and _ONCE.search(said) is None
    return Ask("watch", event, each or once, cannot=missing, hopes=_RELEASED.search(said) is not None)


def event_of(subject: Found, ask: Ask) -> Event:
    """What can happen to it: a customer is never done, and only plans are approved."""
    if subject.kind == "account" and ask.event is not Event.BLOCKED:
        return Event.CHANGES
    if ask.event is Event.APPROVED and subject.kind != "plan":
        raise CannotAnswer(
            f"{subject.name} ({subject.id}) is not waiting for an approval. I can tell you when it is done,"
            " blocked, or moves."
        )
    return ask.event

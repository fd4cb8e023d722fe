"""What stands before a dialogue: read from its `given` by a closed set of steps, and brought about.

A sentence that no step reads stays prose: of what the product cannot have yet (a draft, a customer's health)
and of cards that were only shown there is nothing to set up.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Literal

from bench.conversations import running, setting
from bench.conversations.kinds import services_in
from bench.conversations.proposals import Proposal, open_proposals, proposals_in
from bench.conversations.setting import CannotStand
from bench.conversations.talk import Talk
from bench.conversations.when import When, times_in
from governance.standing import FreezeKind, WindowMode
from integrations.pages import Part

DAY_ENDS, DAY_BEGINS = time(18), time(9)


@dataclass
class Standing:
    """What was set up: the proposals in their order, the plans by their ids, and what could not be."""

    proposals: list[Proposal] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scene:
    """Whose dialogue it is, who and what there is in the department, and the thread it happens in."""

    talk: Talk
    speaker: str
    people: Mapping[str, str]
    services: tuple[str, ...]
    standing: Standing

    @classmethod
    async def open(cls, talk: Talk, speaker: str) -> Scene:
        """A scene in which nothing stands."""
        people = talk.held.installation.department_file.people
        services = tuple(one.id for one in (await talk.held.ports.services.services(Part())).items)
        first = {person.name.split()[0].casefold(): person.id for person in reversed(people)}
        return cls(talk, speaker, first, services, Standing())

    def people_in(self, text: str) -> tuple[str, ...]:
        """The people who are named in `text`, by their ids."""
        words = [word.casefold() for word in re.findall(r"\b[A-ZÀ-Þ][a-zà-ÿ]+", text)]
        return tuple(dict.fromkeys(self.people[word] for word in words if word in self.people))

    def who_may(self, text: str, roles: Sequence[str], otherwise: str) -> str:
        """Who did what `text` tells: whoever is named and may, the speaker if they may, or `otherwise`."""
        file = self.talk.held.installation.department_file
        able = {person.id for person in file.people if set(map(str, person.roles)) & set(roles)}
        return next((one for one in (*self.people_in(text), self.speaker) if one in able), otherwise)


async def set_up(talk: Talk, speaker: str, given: str) -> Scene:
    """Bring about what `given` says."""
    scene = await Scene.open(talk, speaker)
    talk.held.now = clock_of(given, talk.now)
    for sentence in sentences(given):
        for part in (sentence,) if proposals_in(sentence) else sentence.split(";"):
            try:
                if part.strip() and not await stand(scene, part.strip()):
                    scene.standing.left.append(part.strip())
            except Exception as cannot:  # noqa: BLE001 - it is told, and what else is given still stands
                scene.standing.left.append(f"{part.strip()} ({type(cannot).__name__}: {cannot})")
    return scene


_IT_IS = re.compile(r"\bIt is (?:now )?((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[^.;,]*)")


def clock_of(given: str, otherwise: datetime) -> datetime:
    """The time at which a dialogue happens; without a time of day, 14:00."""
    said = _IT_IS.search(given)
    found = times_in(said[1], otherwise) if said else ()
    return found[0].moment(time(14)) if found and found[0].day else otherwise


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a `given`; a point within a version or a time ends none."""
    return tuple(part.strip() for part in re.split(r"[.!]+(?:\s+|$)", text) if part.strip())


async def stand(scene: Scene, sentence: str) -> bool:
    """Bring about what one part of a `given` says. False if no step reads it. Raises CannotStand."""
    listed = proposals_in(sentence)
    if listed is not None:
        made = await open_proposals(scene.talk, listed, scene.speaker, scene.people_in)
        scene.standing.proposals += made
        scene.standing.left += [f"{one.text} (no proposal)" for one in made if one.approval is None]
        return True
    if _NOTHING.search(sentence):
        return True
    runs = bool(_RUNS.search(sentence)) and running.runs(scene.talk, sentence, scene.services)
    for pattern, step in _STEPS:
        found = pattern.search(sentence)
        if found is not None:
            await step(scene, sentence, found)
            return True
    return runs


async def _halt(scene: Scene, sentence: str, _found: re.Match[str]) -> None:
    await setting.halt(scene.talk, scene.who_may(sentence, ("engineering_director", "executive"), "helena"))


async def freeze(scene: Scene, sentence: str, _found: re.Match[str] | None = None) -> None:
    """A freeze as a sentence tells it: who laid it, of what, and until when."""
    by = scene.who_may(sentence, ("compliance_officer", "sre_lead"), "nathan")
    services = services_in(sentence, scene.services)
    everything = FreezeKind.EVERYTHING if re.search(r"\beverything\b", sentence) else FreezeKind.DEPLOYMENTS
    kind = FreezeKind.SERVICE if services else everything
    by = by if kind is not FreezeKind.EVERYTHING else scene.who_may(sentence, ("compliance_officer",), "carlos")
    ends = _end(sentence, scene.talk.now)
    for service in services or ("",):
        await setting.freeze(scene.talk, by, kind, service, ends.moment(DAY_BEGINS) if ends else None)


def _end(sentence: str, now: datetime) -> When | None:
    until = re.search(r"\b(?:until|till?|to) ", sentence)
    found = times_in(sentence[until.end() :] if until else "", now)
    return found[0] if found else None


async def delegation(scene: Scene, sentence: str, _found: re.Match[str] | None = None) -> None:
    """A delegation as a sentence tells it. The first who is named gives, unless the other decides for them."""
    people = scene.people_in(sentence)
    if len(people) < 2:
        raise CannotStand("a delegation of nobody or to nobody")
    giver, taker = (
        (people[1], people[0])
        if re.search(r"\b(?:decides?|signs?|votes?) for\b", sentence)
        else (people[0], people[1])
    )
    times = times_in(sentence, scene.talk.now)
    if not times or times[-1].day is None:
        raise CannotStand("a delegation without an end")
    starts = times[0].moment(time(0)) if len(times) > 1 else scene.talk.now
    ends = times[-1].moment(DAY_ENDS)
    await setting.delegates(scene.talk, giver, taker, max(starts, scene.talk.now), ends)


async def window(scene: Scene, sentence: str, found: re.Match[str]) -> None:
    """A window as a sentence tells it."""
    mode = WindowMode(found["mode"].casefold())
    times = times_in(sentence, scene.talk.now)
    if not times or times[-1].day is None:
        raise CannotStand("a window without an end")
    starts = times[0].moment(DAY_BEGINS) if len(times) > 1 else scene.talk.now
    by = scene.who_may(sentence, ("engineering_director",), "amanda")
    await setting.window(scene.talk, by, mode, starts, times[-1].moment(DAY_ENDS))


async def _plan(scene: Scene, sentence: str, found: re.Match[str]) -> None:
    plan = await setting.plan_under_way(scene.talk, found["of"] or found["named"])
    scene.standing.plans.append(plan)
    verbs: Mapping[str, Literal["pause", "cancel"]] = {"paus": "pause", "cancel": "cancel"}
    for word, verb in verbs.items():
        if word in sentence.casefold():
            await setting.plan_becomes(scene.talk, plan, verb)


async def _story(scene: Scene, _sentence: str, found: re.Match[str]) -> None:
    priority = found["priority"] or "P2"
    await setting.story(scene.talk, found["title"], found["team"].casefold(), priority)


async def _agent(scene: Scene, sentence: str, found: re.Match[str]) -> None:
    agent, card = found["agent"].casefold(), re.search(r"\b[A-Z]+-\d+\b", sentence)
    services = services_in(sentence, scene.services)
    reason = re.search(r"[\"“]([^\"”]+)[\"”]", sentence)
    if card is not None:
        await setting.agent_rejected(scene.talk, agent, card[0], reason[1] if reason else "It does not pass.")
    elif services:
        await setting.agent_scaled(scene.talk, agent, services[0])
    else:
        raise CannotStand("an agent's decision on nothing that is named")


async def _said(scene: Scene, sentence: str, found: re.Match[str]) -> None:
    named = scene.people_in(sentence[: found.start("words")])
    await scene.talk.say(named[0] if named else scene.speaker, found["words"], works=True)


async def _planning(scene: Scene, _sentence: str, found: re.Match[str]) -> None:
    document = await setting.document_of(scene.talk, found["topic"])
    if document is None:
        raise CannotStand(f"there is no document on {found['topic']}")
    await scene.talk.press(scene.speaker, "ask", f"build_feature build {document}")


async def _watches(scene: Scene, sentence: str, found: re.Match[str]) -> None:
    named = scene.people_in(sentence[: found.start()])
    wish = f"subscribe tell me whenever {found['what'] or found['what2']}"
    await scene.talk.press(named[0] if named else scene.speaker, "ask", wish)


async def _digest(scene: Scene, sentence: str, found: re.Match[str]) -> None:
    named = scene.people_in(sentence[: found.start()])
    await scene.talk.press(named[0] if named else scene.speaker, "ask", f"digest send me a {found['what']}")


async def _incident(scene: Scene, sentence: str, _found: re.Match[str]) -> None:
    services = services_in(sentence, scene.services)
    if not services:
        raise CannotStand("an incident on nothing that is named")
    await running.incident(scene.talk, services[0])


async def _shown(scene: Scene, _sentence: str, found: re.Match[str]) -> None:
    await scene.talk.press(scene.speaker, "ask", f"status what is the status of {found['item']}")


_RUNS = re.compile(
    r"\b(?:is|are|runs|ready|live|healthy)\b.*\b(?:in|on) (?:production|prod|staging)\b|\bready in staging\b"
    r"|\bwas scaled from\b|\b(?:runs on|has) \d+ (?:pods|replicas)\b",
    re.IGNORECASE,
)
Step = Callable[[Scene, str, "re.Match[str]"], Awaitable[None]]

_NOTHING = re.compile(
    r"^\s*(?:Nothing (?:is|else is) \w+|No \w+ is \w+|(?:The |All )?agents (?:are running|run)\b|Nobody has\b"
    r"|It is (?:now )?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b)|\bis nothing open\b|\bare not frozen\b",
    re.IGNORECASE,
)
_STEPS: tuple[tuple[re.Pattern[str], Step], ...] = (
    (re.compile(r"[\"“](?P<words>[^\"”]+)[\"”] and (?:the bot|Countersign) (?:has )?asked"), _said),
    (re.compile(r"\b(?:wrote|said|asked)[:,]? [\"“](?P<words>[^\"”]+)[\"”]"), _said),
    (
        re.compile(
            r"\bstory [\"“](?P<title>[^\"”]+)[\"”] .*\bTeam (?P<team>\w+)(?:.*\b(?P<priority>P[0-3])\b)?"
        ),
        _story,
    ),
    (
        re.compile(
            r"\b(?P<agent>\w+) agent\b.*\b"
            r"(?:reject|refus|block|scale|shrank|shrunk|reduc|deni|mov|clos|bounc)\w*"
        ),
        _agent,
    ),
    (re.compile(r"\bincident\b.*\b(?:is open|was declared)\b", re.IGNORECASE), _incident),
    (re.compile(r"\bhalted\b.*\bagents\b|\bagents\b.*\bhalted\b", re.IGNORECASE), _halt),
    (re.compile(r"\b(?:fr[eo]+ze|frozen)\b", re.IGNORECASE), freeze),
    (re.compile(r"\bdelegat\w+\b|\bvotes go to\b|\bdecides? for\b|\bsigns for\b", re.IGNORECASE), delegation),
    (re.compile(r"\b(?P<mode>planning|audit|incident|demo) (?:mode|window)\b", re.IGNORECASE), window),
    (re.compile(r"\bbot is planning the (?P<topic>[\w -]+?) PRD\b", re.IGNORECASE), _planning),
    (
        re.compile(
            r"\bplan (?:of|for) (?:the )?(?P<of>[\w -]+?) (?:is|was|has|runs)\b"
            r"|\bthe (?P<named>[\w -]+?) plan\b",
            re.IGNORECASE,
        ),
        _plan,
    ),
    (
        re.compile(r"\b(?:told|hears?) (?:when|whenever|of|about) (?P<what>.+)|\bsubscribed to (?P<what2>.+)"),
        _watches,
    ),
    (
        re.compile(r"\bgets (?:an? |the |her |his |their )?(?P<what>(?:daily|weekly) (?:summary|digest)\b.*)"),
        _digest,
    ),
    (re.compile(r"\b[Ll]ast card\b.*?\b(?P<item>(?:EPIC|CARD)-\d+)\b"), _shown),
)
"""The first that fits a sentence reads it."""

"""Which thing a message means: one resolver over every kind of thing that is registered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from governance.visibility import Scope
from handlers.language.kinds import Kind, Thing, find_kinds
from handlers.language.matching import Ambiguous, Resolved, find, find_all, find_places, mention, nearest, of_id
from handlers.language.negation import without_denied, without_left_out
from handlers.language.words import tokens, visible

if TYPE_CHECKING:
    from handlers.conversation.desk import Desk
import re

from handlers.language.calendar_words import in_calendar_words
from handlers.language.local_time import MONTHS, WEEKDAYS
from handlers.language.words import plain

_ARTICLES = frozenset(
    tokens("the our a an this that my your their which what whose any every each all no some another one")
)
_NOT_NAMES = _ARTICLES | frozenset(
    tokens(
        "of for in on to at by with from and or but is are was were be been has have had do does did will"
        " can could should would not it its we i you he she they them there here same whole entire first"
        " second third last latest new current old other next previous only right wrong main big small"
        " proposed standing running paused approved whatever s two three both few many more most best better"
        " own shared single late early success support lead leads manager managers owner owners account"
        " accounts request requests needs wants facing said says asked asks wait waits waiting called named"
        " please pls now today value values satisfaction impact demand demands feedback revenue data list"
        " base segment health experience work"
        " el la los las un una del de al le les des du der die das den dem ein eine einen"
    )
)
_WORD = re.compile(r"[\w&.'-]*[\w&']")
_CAPITALISED = re.compile(
    r"[A-ZÀ-Þ][\w&.'-]*[a-zß-ÿ][\w&'-]*(?: (?:[A-ZÀ-Þ][\w&'-]+|& [A-Z][\w'-]+|Corp|Inc|Ltd|GmbH|AG)\b)*",
)
_LONGEST = 3


@dataclass(frozen=True, slots=True)
class Found:
    """The one thing that is meant. `sure` if its id or a whole name was said, not a part or a likeness."""

    kind: str
    thing: Thing
    sure: bool = True

    @property
    def id(self) -> str:
        """The thing's id."""
        return self.thing.id

    @property
    def name(self) -> str:
        """The thing's name."""
        return self.thing.name


@dataclass(frozen=True, slots=True)
class Several:
    """Several things may be meant, likeliest first. `written` is what names them, as the text has it."""

    candidates: tuple[Found, ...]
    written: str


@dataclass(frozen=True, slots=True)
class NotThere:
    """Something of this kind was named, and there is none that the asker may see; `nearest` (up to three) are
    the most similar names that they may. `limited` if they see a part of what there is, `by_id` if what was
    written is an id, then as its system spells it.
    """

    kind: str
    written: str
    nearest: tuple[Thing, ...] = ()
    limited: bool = False
    by_id: bool = False


Meant = Found | Several | NotThere


async def resolve(
    desk: Desk,
    text: str,
    kinds: Sequence[str],
    scope: Scope,
    *,
    besides: Collection[str] = (),
) -> Meant | None:
    """What of these kinds a text names, among what the scope reaches; None where it names nothing.

    `besides` are words of the request itself ("raise", "priority"), which name nothing.
    """
    known = [find_kinds()[name] for name in kinds]
    if (written := await _by_id(desk, text, known, scope)) is not None:
        return written
    found: list[Meant] = []
    for crowded in (False, True):
        things = [
            (kind, tuple(await kind.find(desk, scope, text))) for kind in known if kind.crowded is crowded
        ]
        named = _told(text, things, besides, limited=not scope.everything)
        if isinstance(named, Found) and named.sure:
            return named
        found += [named] if named is not None else []
    likely = next((one for one in found if not isinstance(one, NotThere)), None)
    return likely or next(iter(found), None) or await _expected(desk, text, known, scope)


async def resolve_all(desk: Desk, text: str, kind: str, scope: Scope) -> tuple[Found | Several, ...]:
    """Everything of a kind that a text calls by a whole name, in the order in which it is said; several where
    several go by one name ("Tom").
    """
    things = tuple(await find_kinds()[kind].find(desk, scope, text))
    places = dict.fromkeys(find_places(text, things))
    return tuple(
        Found(kind, place[0])
        if len(place) == 1
        else Several(tuple(Found(kind, thing) for thing in place), mention(text, place))
        for place in places
    )


async def _by_id(desk: Desk, text: str, kinds: Sequence[Kind], scope: Scope) -> Meant | None:
    """What is written out by its id; nothing else can be meant. Where the ids of several kinds look alike, it
    is the first kind that has it.
    """
    said = visible(text)
    written = [(one, kind) for kind in kinds if kind.ids and (one := kind.ids(desk).first(said))]
    first = min((one.start for one, _ in written), default=None)
    meant = [await _of_id(desk, kind, one.id, scope) for one, kind in written if one.start == first]
    return next((one for one in meant if isinstance(one, Found)), next(iter(meant), None))


async def _of_id(desk: Desk, kind: Kind, id: str, scope: Scope) -> Found | NotThere:
    limited = not scope.everything
    if kind.by_id is not None:
        thing = await kind.by_id(desk, scope, id)
        return NotThere(kind.name, id, (), limited, by_id=True) if thing is None else Found(kind.name, thing)
    found = of_id(id, tuple(await kind.find(desk, scope, id)))
    return Found(kind.name, found) if isinstance(found, Thing) else NotThere(kind.name, id, found, limited)


_Things = Sequence[tuple[Kind, tuple[Thing, ...]]]


def _told(text: str, things: _Things, besides: Collection[str], *, limited: bool) -> Meant | None:
    """What is left out is never meant; what is denied is, where nothing else is ("do not freeze orders")."""
    told = without_left_out(text)
    affirmed = without_denied(told)
    found = _named(affirmed, things, besides, limited=limited) if affirmed != told else None
    return found or _named(told, things, besides, limited=limited)


def _named(text: str, things: _Things, besides: Collection[str], *, limited: bool) -> Meant | None:
    """A name beside a word of its kind goes first; then a whole name, as it is said; then a part of one or a
    likeness, for which the words of the request are left out."""
    missing: list[NotThere] = []
    for kind, of in things:
        name = announced_name(text, kind, besides)
        if name is not None:
            found = _match(name, name, [(kind, of)]) or _match(name, name, things)
            if found is not None:
                whole = find_all(text, of)  # "the payment service v2"
                return Found(kind.name, whole[0]) if len(whole) == 1 else found
            missing.append(NotThere(kind.name, name, nearest(name, of), limited))
    whole = find_all(text, [thing for _, of in things for thing in of])
    if missing and not (whole and missing[0].kind not in _kinds_of(whole, things)):
        return missing[0]
    telling = " ".join(word for word in tokens(text) if word not in besides)
    return _match(text, telling, things)


def _match(text: str, telling: str, things: _Things) -> Found | Several | None:
    kind_of = {id(thing): kind.name for kind, of in things for thing in of}
    everything = [thing for _, of in things for thing in of]
    whole = find_all(text, everything)
    if len(whole) == 1:
        return Found(kind_of[id(whole[0])], whole[0])
    match find(telling, everything):
        case Resolved(thing):
            return Found(kind_of[id(thing)], thing, sure=thing in whole)
        case Ambiguous(candidates):
            found = tuple(Found(kind_of[id(thing)], thing, sure=False) for thing in candidates)
            return Several(found, mention(text, candidates))
    return None


def _kinds_of(whole: Collection[Thing], things: _Things) -> frozenset[str]:
    return frozenset(kind.name for kind, of in things if any(thing in of for thing in whole))


async def _expected(desk: Desk, text: str, kinds: Sequence[Kind], scope: Scope) -> NotThere | None:
    """A capitalised name of nothing at all, where one of this kind is expected: "for Globex"."""
    for kind in kinds:
        name = capitalised_after(text, kind.expected_after) if kind.expected_after else None
        if name is None or await _is_known(desk, name, scope):
            continue
        return NotThere(
            kind.name, name, nearest(name, await kind.find(desk, scope, name)), not scope.everything
        )
    return None


async def _is_known(desk: Desk, name: str, scope: Scope) -> bool:
    for kind in (kind for kind in find_kinds().values() if not kind.crowded):
        if find(name, tuple(await kind.find(desk, scope, name))) is not None:
            return True
    return False


def announced_name(text: str, kind: Kind, besides: Collection[str] = ()) -> str | None:
    """The name beside a word that announces this kind, as it is written; None if there is none.

    Behind an article a name may have several words ("the card vault service"), without one it has one. A verb
    that begins the text is no name ("freeze service").
    """
    said = " ".join(visible(text).replace("’", "'").split())
    for word in kind.behind:
        for found in re.finditer(rf"(?<![\w-]){word}s?(?![\w-])", said, re.IGNORECASE):
            name = _before(said[: found.start()], besides)
            if name is not None:
                return name
    for word in kind.before:
        for found in re.finditer(rf"(?<![\w-]){word}:? ", said, re.IGNORECASE):
            name = _after(said[: found.start()], said[found.end() :], besides)
            if name is not None:
                return name
    return None


def capitalised_after(text: str, words: Collection[str]) -> str | None:
    """A capitalised name behind one of these words, which is no day or month; an abbreviation in capitals is
    none either.
    """
    said = " ".join(visible(text).split())
    for found in re.finditer(rf"\b(?:{'|'.join(words)}) (?=[A-ZÀ-Þ])", said):
        name = _CAPITALISED.match(said, found.end())
        if name is not None and in_calendar_words(name[0]).split()[0] not in (*WEEKDAYS, *MONTHS):
            return name[0].rstrip(".").removesuffix("'s")
    return None


def _before(said: str, besides: Collection[str]) -> str | None:
    words = (
        _WORD.findall(re.split(r"[,;:.!?()“”\"]", said)[-1]) if not said.rstrip().endswith(("”", '"')) else []
    )
    quoted = re.search(r"[“\"]([^“”\"]+)[”\"]\s*$", said)
    if quoted:
        return quoted[1]
    name: list[str] = []
    for word in reversed(words):
        if plain(word) in _ARTICLES and name:
            return " ".join(reversed(name))
        if plain(word) in _NOT_NAMES or word.casefold() in besides or len(name) == _LONGEST:
            break
        name.append(word)
    is_verb = len(name) >= 1 and len(name) == len(words) == 1
    return None if not name or is_verb else name[0]


def _after(before: str, said: str, besides: Collection[str]) -> str | None:
    quoted = re.match(r"[“\"]([^“”\"]+)[”\"]", said)
    if quoted:
        return quoted[1]
    capitalised = _CAPITALISED.match(said) or re.match(r"[A-Z][A-Z0-9&-]+\b", said)
    if capitalised:
        return None if plain(capitalised[0]).split()[0] in _NOT_NAMES else capitalised[0].removesuffix("'s")
    word = _WORD.match(said)
    article = _WORD.findall(before)[-1:]
    is_last = (
        word is not None and re.match(r"[\s.,;!?]*(?:$|[,;.!?]|and\b|or\b)", said[word.end() :]) is not None
    )
    if word is None or not is_last or (article and plain(article[0]) in _ARTICLES):
        return None
    return None if plain(word[0]) in _NOT_NAMES or word[0].casefold() in besides else word[0]

"""Words of the calendar in one spelling: weekdays, months, days and times, short, misspelt or foreign."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import OSA

from handlers.language.local_time import MONTHS, WEEKDAYS
from handlers.language.words import in_digits, plain

WEEKDAY = rf"(?P<weekday>{'|'.join(WEEKDAYS)})s?"
MONTH = rf"(?P<month>{'|'.join(MONTHS)})"
"""Patterns over text in one spelling."""

_SHORTEST_SLIP = 6
_MOST_READ = 2_000
"""Characters; of a longer message the beginning is read."""
_LONG = 8


def weekday_number(word: str) -> int:
    """0 for Monday; `word` is what WEEKDAY matched."""
    return WEEKDAYS.index(word)


def month_number(word: str) -> int:
    """1 for January; `word` is what MONTH matched."""
    return MONTHS.index(word) + 1


@lru_cache(maxsize=2048)
def in_calendar_words(text: str) -> str:
    """`text` in one spelling: `thurs + fri` is `thursday and friday`, `half past nine` is `9:30`, `tmrw`,
    `mañana` and `demain` are `tomorrow`, `till` and `bis` are `until`, number words are digits."""
    said = re.sub("[–—]", "-", _without_accents(_SPOKEN_CLOCK.sub(_clock, plain(text)[:_MOST_READ])))
    said = _WORD.sub(_word, in_digits(said))
    for pattern, meant in _PHRASES:
        said = pattern.sub(meant, said)
    for ordinal in _ORDINAL_DAYS:
        said = ordinal.sub(_ordinal_day, said)
    return " ".join(said.split())


def _without_accents(said: str) -> str:
    parts = unicodedata.normalize("NFD", said)
    return "".join(character for character in parts if unicodedata.category(character) != "Mn")


def _table(text: str) -> dict[str, str]:
    """Each word behind a colon, with the one before it."""
    rows = (row.split(":") for row in text.strip().splitlines())
    return {word: row[0] for row in rows for word in row[1].split()}


_WORDS = _table("""
monday:mon lunes lundi montag
tuesday:tue tues martes mardi dienstag
wednesday:wed weds miercoles mercredi mittwoch
thursday:thu thur thurs jueves jeudi donnerstag
friday:fri viernes vendredi freitag
saturday:sat sabado samedi samstag sonnabend
sunday:sun domingo dimanche sonntag
january:enero janvier januar
february:feb febrero fevrier februar
march:marzo marz maerz
april:apr abril avril apirl
may:mai mayo
june:jun junio juin juni
july:jul julio juillet juli
august:aug agosto aout
september:sept septiembre setiembre septembre
october:oct octubre octobre oktober okt
november:nov noviembre novembre
december:diciembre decembre dezember dez
today:heute hoy aujourd'hui 2day
tomorrow:tmrw tmrrw tmr tmw 2moro 2morrow tomorow tommorow tomorrows morgen manana demain
overmorrow:ubermorgen uebermorgen
yesterday:gestern ayer yday
until:till til 'til untill untl bis hasta
through:thru
noon:midday mittag mediodia midi noonish
midnight:mitternacht medianoche minuit
weekend:wkend wknd wochenende weekends
holiday:feiertag festivo
holidays:feiertage festivos hols
since:seit depuis
next:nxt nachste nachsten nachster nachstes kommenden kommende proximo proxima
last:letzte letzten letzter letztes
this:diese diesen dieser dieses
week:woche semana semaine wk
month:monat mes mois
""")
_NAMES = tuple(name for name in (*WEEKDAYS, *MONTHS, "tomorrow", "yesterday", "weekend") if len(name) >= 6)
_NOT_MISSPELT = frozenset({"sundry", "marcher", "augury", "mondial"})
_WORD = re.compile(r"'?[^\W_]+(?:'[^\W\d_]+)?\.?")


def _word(found: re.Match[str]) -> str:
    word = found[0].rstrip(".")
    if (meant := _WORDS.get(word)) is not None:
        return meant
    name = _misspelt(word) if len(word) >= _SHORTEST_SLIP and word not in _NOT_MISSPELT else None
    return found[0] if name is None else name


@lru_cache(maxsize=4096)
def _misspelt(word: str) -> str | None:
    """The name that `word` is a slip of: one letter wrong, missing, doubled or swapped, two in a long name."""
    for name in _NAMES:
        slips = 2 if len(name) >= _LONG else 1
        if word[0] == name[0] and word != f"{name}s" and OSA.distance(word, name, score_cutoff=slips) <= slips:
            return name
    return None


_HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_GERMAN_HOURS = (
    "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
)  # fmt: skip
_PAST = {"quarter": 15, "half": 30, "five": 5, "ten": 10, "twenty": 20, "twenty five": 25, "twenty-five": 25}
_SPOKEN_CLOCK = re.compile(
    r"(?<!from )(?<!between )\b(?:a )?(?P<minutes>quarter|half|five|ten|twenty(?:[ -]five)?)(?: minutes?)?"
    rf"(?: (?P<way>past|after|to|before|till|of)|(?<=half)) (?P<hour>{'|'.join(_HOURS)}|1[0-2]|[1-9])\b"
    rf"(?![:.]\d)|\b(?P<halb>halb) (?P<stunde>{'|'.join(_GERMAN_HOURS)}|1[0-2]|[1-9])\b"
    r"(?! (?:hours?|days?|weeks?|months?|pods?|stunden?)\b)"
)


def _clock(found: re.Match[str]) -> str:
    """`quarter to five` is 4:45; in German, `halb neun` is half an hour before nine."""
    if found["halb"]:
        word = found["stunde"]
        hour, minutes = (int(word) if word.isdigit() else _GERMAN_HOURS.index(word) + 1), -30
    else:
        word = found["hour"]
        if found["way"] is None and word.isdigit() and not found.string[: found.start()].endswith("at "):
            return found[0]
        hour = int(word) if word.isdigit() else _HOURS.index(word) + 1
        minutes = _PAST[found["minutes"]] * (-1 if found["way"] in ("to", "before", "till", "of") else 1)
    whole = (hour * 60 + minutes) % 720
    return f"{whole // 60 or 12}:{whole % 60:02}"


_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth", "thirtieth",
)  # fmt: skip
_A_MONTH = f"(?:{'|'.join(MONTHS)})"
_A_DAY = rf"(?:{'|'.join(WEEKDAYS)}|today|tomorrow|overmorrow|weekend)"
_DATE = rf"(?:\d|{_A_DAY}|{_A_MONTH}|(?:this|next|last) (?:week|month)|holiday)"
_AN_ORDINAL = rf"(?:(?P<tens>[23]0|twenty|thirty)[ -])?(?P<ordinal>{'|'.join(_ORDINALS)})"
_ORDINAL_DAYS = (
    re.compile(rf"\b(?P<month>){_AN_ORDINAL}(?= (?:of )?{_A_MONTH}\b)"),
    re.compile(rf"\b(?P<month>{_A_MONTH.replace('|may', '')} )(?:the )?{_AN_ORDINAL}\b"),
)


def _ordinal_day(found: re.Match[str]) -> str:
    """`december third` as `december 3rd`, `twenty-first of may` as `21st of may`."""
    tens = {None: 0, "20": 20, "twenty": 20, "30": 30, "thirty": 30}[found["tens"]]
    number = _ORDINALS.index(found["ordinal"]) + 1
    return f"{found['month']}{tens + (30 if number == 21 else number)}th"


_BEFORE_MONTH = (
    "in", "of", "by", "for", "since", "until", "from", "to", "during", "and", "through", "last", "next", "this",
    "mid", "late", "early", "before", "after",
)  # fmt: skip
_BEHIND = "|".join(
    (*(rf"(?<=\b{word} )" for word in _BEFORE_MONTH), r"(?<=\d[ -])", r"(?<=\d)", r"(?<=\dth )", r"(?<=- )")
)
_SHORT_MONTHS = {"jan": "january", "mar": "march", "sep": "september", "dec": "december"}
_ABBREVIATED = tuple(
    (re.compile(rf"(?:{behind})\b{short}\b(?![\w'])" if behind else rf"\b{short}\.?(?= ?(?:\d|- ?\w))"), name)
    for short, name in _SHORT_MONTHS.items()
    for behind in (rf"{_BEHIND}", "")
)
"""Short names that are also words or people: they are months beside a number or behind such a word."""
_PHRASES = _ABBREVIATED + tuple(
    (re.compile(pattern), meant)
    for pattern, meant in (
        (r"@ ?(?=\d)", " at "),
        (r"\bjusqu'(?:a|au|en)\b", "until"),
        (r"\bday after tomorrow\b|\b(?:pasado|apres)[ -]tomorrow\b", "overmorrow"),
        (r"\bday before yesterday\b|\bvorgestern\b|\banteayer\b|\bavant-hier\b", "ereyesterday"),
        (r"\btomorrow (?:fruh|vormittag|por la tomorrow|matin)\b", "tomorrow morning"),
        (r"\b(tomorrow|today) (?:nachmittag|por la tarde|apres-midi)\b", r"\1 afternoon"),
        (r"\b(tomorrow|today) (?:abend|por la noche|soir)\b", r"\1 evening"),
        (r"\besta noche\b|\bce soir\b|\b(?:2nite|tonite)\b", "tonight"),
        (r"\byesterday night\b", "last night"),
        (r"\bthe whole (week|month|quarter|year|day)\b(?! of)", r"this \1"),
        (r"\blast day of\b", "end of"), (r"\bfirst day of\b", "start of"),
        (r"(?<!for )\b(?:a |1 )?week (?=today|tomorrow)", "1 week from "),
        (r"(?<!for )\b(?:a |1 )?fortnight (?=today|tomorrow)", "2 weeks from "),
        (rf"(?<=\d[ap]m) ?(?:-|to) ?(?={_A_DAY})|(?<=:\d\d) ?(?:-|to) ?(?={_A_DAY})", " until "),
        (r"(?<=day )(?:in the )?pm\b|(?<=row )(?:in the )?pm\b", "afternoon"),
        (r"(?<=day )(?:in the )?am\b|(?<=row )(?:in the )?am\b", "morning"),
        (rf"\bmid[ -]?(?:of )?({_A_MONTH})\b", r"15 \1"),
        (rf"\bback (?:on |in (?:the office )?)?(?={_A_DAY})", "until the start of "),
        (r"\buntil (.{3,30}?) (?:is|are) over\b", r"until after \1"),
        (r"\bfin de week\b", "weekend"),
        (r"\bweek que viene\b|\bweek prochaine\b", "next week"),
        (r"\bmonth que viene\b|\bmonth prochain\b", "next month"),
        (r"\bweek (?:pasada|derniere|passee)\b", "last week"),
        (r"\b(?:esta|cette) (?=week\b)|\b(?:este|ce) (?=week|month)", "this "),
        (r"\beod\b", "end of day"), (r"\beow\b", "end of week"), (r"\beom\b", "end of month"),
        (r"\beoq\b", "end of quarter"), (r"\beoy\b", "end of year"),
        (r"\bup to(?: and including)?\b|\buntil and including\b", "through"),
        (r"\b(?:nach|despues del?|apres)(?: dem| den| el| la| le| les)* (?=holiday|weekend)", "after "),
        (rf"(?<!\d )(?<!\d)\b(?:el|le|am|den|dem|la|los|les)\.? (?={_DATE})", ""),
        (rf"\b(?:vom|von|del|du|ab|desde|zwischen|entre)(?: el| le| dem)? (?={_DATE})", "from "),
        (rf"(?<=[\dy])\.? (?:al|au)(?: el| le)? (?={_DATE})", " to "),
        (r"\b(\d{1,2})\. (?=(?:until|to) \d)", r"\1 "),
        (r"\b(?:um|a las?) (?=\d)|\ba (?=\d{1,2}(?:h|:\d\d)\b)", "at "),
        (r"(?<=\d) ?uhr\b", ":00"),
        (rf"\b(\d{{1,2}})\.? ?(?:de |d')?(?={_A_MONTH}\b)", r"\1 "),
        (r"(?<=\b\d )mars\b|(?<=\b\d\d )mars\b", "march"),
        (rf"(?<=[a-z\d]) (?:und|y|et) (?={_DATE})", " and "),
        (rf"(?<=day|row|end) ?[/+&] ?(?={_DATE})", " and "),
        (rf"(?<=\w) (?:[+&]) (?={_DATE})", " and "),
    )
)  # fmt: skip

"""Small talk: a short human answer, and never an action."""

from __future__ import annotations

import re

from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.memory import Memory
from handlers.language.mood import Mood
from handlers.language.words import plain

_HELP = Button("What can you do?", "ask", "help what can you do?")
_HELLO = re.compile(
    r"(?:hi+|hello+|hey+|yo|good (?:morning|afternoon|evening|day)|morning|greetings|hallo|moin|servus|hola"
    r"|buenos d[ií]as|bonjour|salut)"
    r"(?: (?:there|all|everyone|everybody|team|folks|bot|countersign|you|again|zusammen))*"
)
_THANKS = re.compile(
    r"(?:(?:ok|okay|great|cool|nice|perfect|super|awesome|lovely|brilliant|got it)[ ,]+)*"
    r"(?:thanks?(?: you)?|thx|thank u|ty|cheers|much appreciated|danke|merci|gracias)"
    r"(?:[ ,]+(?:so much|a lot|a bunch|again|all|everyone|everybody|team|you|man|mate|buddy|bot"
    r"|for .{1,40}|that .{1,40}))?"
    r"|that(?:'s| was| is) (?:very |really |so )?(?:helpful|useful|great|nice|good)"
    r"(?:[ ,]+(?:thanks?|thank you|thx))?"
)
_WHAT = re.compile(
    r"(?:what|huh|hm+|eh|wtf|pardon|sorry|excuse me|come again|say (?:that |it )?again"
    r"|what do you mean(?: by that)?|i (?:do not|don'?t) (?:get|understand)(?: (?:it|that|this|you))?"
    r"|in plain (?:english|words)|explain(?: that)?|wie bitte|was|c[oó]mo|quoi)"
)
_NEVER_MIND = re.compile(
    r"(?:(?:oh|ok|ah|no|sorry)[ ,]+)*"
    r"(?:nvm|never ?mind|forget it|doesn'?t matter|not important|all good|no worries|egal)"
    r"(?:[ ,]+(?:thanks?|thx|then|sorry))*"
)
_BYE = re.compile(
    r"(?:bye+|goodbye|see (?:you|ya)|good ?night|ciao|tsch[uü]ss|adi[oó]s|have a good .{1,20})(?: .{0,20})?"
)
_YES_NO = re.compile(r"(?:yes|yeah|yep|yup|sure|ok|okay|k|no|nope|nah|alright|fine|ja|nein|s[ií]|oui|non)")


def small_talk(text: str, mood: Mood, memory: Memory) -> Reply | None:
    """The answer to small talk; None if the words are none."""
    said = plain(text).strip(" .!?…")
    if not any(character.isalnum() for character in said):
        return Reply(text="👍") if text.strip() and mood is Mood.SMALL_TALK else None
    if _WHAT.fullmatch(said):
        return _more_plainly(memory)
    if _HELLO.fullmatch(said):
        return _with_help("Hello! What can I do for you?")
    if _THANKS.fullmatch(said):
        return Reply(text="You're welcome.")
    if _NEVER_MIND.fullmatch(said):
        return Reply(text="All right. I did nothing.")
    if _BYE.fullmatch(said):
        return Reply(text="See you!")
    if _YES_NO.fullmatch(said):
        return _with_help("There is nothing open here that a yes or no would decide, so I did nothing.")
    return _with_help("I'm here when you need something done.") if mood is Mood.SMALL_TALK else None


def _more_plainly(memory: Memory) -> Reply:
    """The last answer without its card: its text says the same in sentences."""
    last = memory.topic.get("answer")
    if not last:
        return _with_help("I have not said anything here yet. Ask me something, or see what I can do.")
    return _with_help(f"In plain words: {last}")


def _with_help(text: str) -> Reply:
    return Reply(text=text, cards=(Card("", (Text((text,)), Buttons((_HELP,)))),))

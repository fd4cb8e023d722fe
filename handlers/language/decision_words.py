"""The words with which people decide in writing, as patterns that a whole clause must match.

A clause counts only as a whole: what these do not foresee is never a decision. All match plain text.
"""

from __future__ import annotations

import re


def one_of(lines: str) -> str:
    """An alternative of patterns: each line is one, or several with `|` between."""
    return "(?:" + "|".join(line.strip() for line in lines.splitlines() if line.strip()) + ")"


_END = "(?: " + one_of(
    r"""
    please|pls|thanks|thank you|thx|now|right away|straight away|immediately|asap|today|then|too|as well
    from my side|from me|team|folks|all|everyone|bot|mate|with it|👍+|✅+|🚀+|🎉+|🙏+|🙂|😊|:\w+:?
    """
) + ")*"  # fmt: skip
_START = "(?:" + one_of(
    r"""
    ok|okay|yes|yep|yeah|yup|sure|great|perfect|alright|all right|fine|good|cool|excellent|right|so|and
    absolutely|of course|then|thanks|thank you|hereby
    """
) + " )*"  # fmt: skip
_SUBJECT = (
    r"(?:(?:i|we)(?: can| do| hereby| happily| gladly| fully)? "
    r"|(?:i'?m |we'?re )?(?:happy|glad) to |i'?m |we'?re )?"
)
_BALLOT = one_of(
    r"""
    approve|accept|confirm|authori[sz]e|green[- ]?light|sign off(?: on)?|countersign
    approving|accepting|confirming|signing off(?: on)?
    """
)
_DOING = r"(?:execute|implement|apply|go with|(?:proceed|go ahead|move ahead) with)"
_DONE = r"(?:approved|accepted|confirmed|authori[sz]ed|signed off|countersigned|granted)"

APPROVE_VERB = re.compile(rf"{_START}{_SUBJECT}(?:{_BALLOT}|(?:please )?{_DOING})(?P<object>(?: .+)?)")
"""An approving verb and what it is said of."""

APPROVED = re.compile(rf"{_START}{_DONE}(?P<object>(?: .+)?)")
"""`Approved`, `confirmed all three`: a participle at the beginning is the decision itself."""

_WISHES = r"(?:please|pls|kindly|you can|you may|let'?s|let us|i want to|i'?d like to|i would like to)"
APPROVE_WISH = re.compile(rf"{_START}(?:{_WISHES} )+{_BALLOT}(?: .+)?")
"""Said to somebody else or of some other time, it may be: ask with the buttons."""

_AFFIRMATIVE = one_of(
    r"""
    yes|yep|yup|aye|affirmative|absolutely|absolutely yes|definitely|hell yes|yes sir|by all means
    go ahead|please do|yes go|ja|jawohl|ja bitte|sí|sí adelante|adelante|oui|oui vas-y|vas-y
    """
)
APPROVE_ALONE = re.compile(
    rf"{_START}(?:please )?(?:{_AFFIRMATIVE}|"
    + one_of(
        r"""
    lgtm|(?:let'?s )?ship it|go for it|do it|do that|do so|just do it|let'?s do (?:it|this|that)|run it
    run with it
    let'?s go(?: ahead| for it)?|make it so|make it happen|proceed|go go go|full steam ahead
    looks? good to me|works for me|fine (?:by|with) me|ok (?:by|with|for) me
    i'?m (?:fine|ok|okay|happy|good) with (?:it|this|that)
    (?:you have|you'?ve got) my (?:approval|go|blessing|ok|vote|sign-?off|green light)
    green light(?: from (?:me|my side))?|it'?s a (?:go|yes)(?: from me)?|yes from me|permission granted
    (?:fine|ok|okay|good) (?:by|with|for) me|ok(?:ay)? go|genehmigt|freigegeben|aprobado|approuvé|einverstanden
    (?:ok(?:ay)?|fine|good) (?:from|on) my (?:side|end)|go
    (?:i|my) vote(?: is)? yes|i vote (?:for it|in favou?r)|i say yes|consider it approved|thumbs up
    \+1|👍+|✅+|👌+|💯|🚀+|✔|:\+1:|:thumbsup:|:shipit:|:white_check_mark:
        """
    )
    + rf"){_END}"
)
APPROVING_END = re.compile(
    r"(?:then )?(?:approve(?: it| this)?|i approve(?: it| this)?|go ahead|do it|ship it|go for it|run it"
    r"|proceed|approved)"
)
"""Decisions that may follow a condition without a comma."""

CONDITION_FIRST = re.compile(
    r"(?:only )?(?:if|once|when|as soon as|provided|as long as|wenn|sobald|falls|si|cuando|quand|dès que) .+"
    r"(?<! to)(?<! would)(?<!'d)(?<! could)(?<! might)(?<! should)(?<! may)(?<! i)(?<! we)(?<! not)(?<! you)"
)
"""A condition that stands before its decision; “if it was me I'd …” is none."""

APPROVE_WEAK = re.compile(
    one_of(
        r"""
    ok|okay|k|yeah|sure|sure thing|fine|alright|all right|right|good|go|nice|great|cool|perfect|of course
    looks good|sounds good(?: to me)?|all good|good to go|i agree|agreed|go on|carry on
    why not|i guess(?: so)?|if you (?:must|like|want|say so|think so)
        """
    )
)
"""May be an approval, may be mere acknowledgement: ask with the buttons."""

_NEGATIVE = r"(?:no|nope|nah|negative|nein|non)"
AFFIRMATION = re.compile(rf"{_START}(?:{_AFFIRMATIVE}|{_NEGATIVE}){_END}")
"""Answers that may as well answer something else, when a request follows in the same breath."""

DENY = re.compile(
    rf"(?:{_NEGATIVE}|"
    + one_of(
        r"""
    no way|no go|no thanks|no thank you|absolutely not|definitely not|certainly not|never|hell no
    not a chance|thumbs down|i vote no|my vote is no|it'?s a no(?: from me)?|no from me
    veto|i veto (?:it|this|that)|i object|i'?m against (?:it|this|that)|👎+|❌+|🚫|:-1:|:thumbsdown:|:x:|-1
        """
    )
    + rf"){_END}"
)
DENY_VERB = re.compile(
    r"(?:no |nope )?(?:i |we |i'?m )*(?:deny|reject|decline|refuse|turn down|disapprove"
    r"|denying|rejecting|declining"
    r"|denied|rejected|declined|refused)(?P<object>(?: .+)?)"
)
"""A denying verb and what it is said of."""

DENY_WEAK = re.compile(
    one_of(
        r"""
    (?:no )?(?:do not|don'?t|dont) (?:do|run|execute|deploy|ship|send|approve|proceed|go ahead)(?: .*)?
    not approved|i (?:do not|don'?t|can'?t|cannot|won'?t|will not) approve.*
        """
    )
)
"""Negations: never a vote by themselves."""

_THIS = r"(?:it|this|that)"
DEFER = re.compile(
    _START
    + one_of(
        rf"""
    not (?:yet|now|today|right now|this week|at the moment|for now)|no,? not (?:yet|now)|later|maybe later
    wait|please wait|hold on|hold off(?: on {_THIS})?|hold it|hold that|hang on|too early|snooze
    defer(?: {_THIS})?|park {_THIS}|put {_THIS} on hold|postpone(?: {_THIS})?(?: (?:to|until|till) .+)?
    let'?s (?:wait|hold off|hold on|defer|postpone|park {_THIS}|revisit {_THIS})(?: .*)?
    let'?s (?:come back to {_THIS}|do {_THIS} later)(?: .*)?
    (?:ask|remind|ping) me (?:again )?(?:later|tomorrow|next .+|on .+|in .+|after .+)
    let me (?:think|sleep on it|check|look|read|review|get back)(?: .*)?
    i'?ll (?:decide|think|look|review|check|get back|come back|answer)(?: .*)?
    i need (?:more time|to think|a day|some time)(?: .*)?|i'?m not ready(?: yet)?
    give me (?:a |an |some |more )?(?:day|time|minute|moment|hour)(?: .*)?
    (?:wait|defer|hold off) (?:until|till|for) .+|not (?:before|until) .+
        """
    )
    + _END
)
CANCEL = re.compile(
    _START
    + one_of(
        rf"""
    (?:cancel|scrap|drop|withdraw|abort|discard|kill|bin|forget|call off|undo|revoke)(?P<object>(?: .+)?)
    call {_THIS} off|never ?mind|stop {_THIS}
        """
    )
)
MODIFY = re.compile(
    _START
    + one_of(
        r"""
    (?:i'?d like to |i want to |let me )?(?:modify|edit|change|amend|adjust|revise):?(?P<object>(?: .+)?)
    (?P<edit>(?:drop|remove|take out|leave out|skip) (?:story|stories|item|items|step|steps|number|no\.?) .+)
    (?P<instead>(?:use|give it to|assign it to|move it to|start|make it) .+ instead|same but .+)
        """
    )
)

_LINK = one_of(
    r"""
    if|once|provided(?: that)?|providing|as long as|so long as|(?:on|under) (?:the )?condition that
    given that|while
    assuming(?: that)?|when(?:ever)?|after|as soon as|subject to|unless|pending|except|in case
    wenn|falls|sobald|sofern|solange|es sei denn|außer|nur wenn|vorausgesetzt|si|siempre
    que|cuando|salvo|excepto
    a menos que|mientras|quand|dès que|à condition que|tant que|sauf|à moins que|pourvu que
    """
)
_LIMIT = one_of(
    r"""
    (?:only|just|not|never|nur|solo|sólo|nicht|pas|seulement) .+
    (?:not )(?:before|until|from) .+|(?:nicht|erst) (?:vor|ab) .+
    (?:at most|at least|up to|max(?:imum)?|under|below|less than|not? more than|höchstens|como máximo) .+
    (?:on |in |to |for )?(?:staging|test|dev|prod(?:uction)?) only|max .+|between .+ and .+
    """
)
CONDITION = re.compile(
    rf"(?:and |but |though |aber |pero |mais )?(?:only |just |but |not |except |nur |solo |sólo"
    rf" )*(?:{_LINK}) .+|"
    rf"(?:and |but |though |aber |pero |mais )?{_LIMIT}"
)
"""A clause that a vote may stand under, with its linking word; `handlers/language/conditions.py` reads it."""

CONDITION_BEGINS = re.compile(
    rf" (?=(?:(?:but|and|though|aber|pero|mais) )?(?:(?:only|just|but|not|except|nur|solo|sólo) )*(?:{_LINK})\b"
    r"|(?:but |and )?(?:only|just|not)\b (?:on|in|to|for|at|with|before|after|during|until|by|over|more)\b"
    r"|(?:but |and )?(?:only|just|pending|nur|solo)\b"
    r"|with (?:a )?notification|(?:on |to |for )?(?:staging|prod(?:uction)?) only"
    r"|(?:because|since|as it|due to)\b"
    r"|(?:at most|up to|max|under|below|less than|no more than)\b)"
)
"""Where a condition, a notification or a reason may begin within a clause."""
MANNER_OF_SPEAKING = re.compile(
    r"\b(?:i were|i was|you (?:like|want|must|say|think|insist|ask|prefer|get|can|have|are at it)|you're at it"
    r"|we really"
    r"|i (?:approve|have to|must|could|can)"
    r"|it were up|pigs|hell freezes|necessary)\b"
)
"""Conditions that are none."""

NOTIFY = re.compile(
    "(?:and |with |please )*"
    + one_of(
        r"""
    (?:a )?notifications? (?:on|about|for|of|when|to) (?P<on>.+)
    (?:notify|inform|tell|ping|alert|update|e?mail|text) (?:me|us) (?:about|on|of|when|if|as soon as) (?P<me>.+)
    let (?:me|us) know (?P<know>.+)
    keep (?:me|us) (?:posted|informed|updated|in the loop)(?: (?:on|about) (?P<posted>.+))?
        """
    )
)
REQUEST = re.compile(
    "(?:and |also |then |please |pls |but |plus |oh and |and also |next )*(?P<request>"
    + one_of(
        r"""
    add|create|schedule|notify|tell|send|book|set up|deploy|roll ?back|scale|simulate|run|freeze|unfreeze|file
    open|put|assign|invite|arrange|organi[sz]e|draft|write|generate|show|prioriti[sz]e|move|pause|resume|inform
    email|let|ask|give|remind|subscribe|log|record|check|review|update|declare|close|build|message|allocate
    configure|patch|raise|lower|bump|announce|prepare|find|list|plan|start|halt|stop all|load test|stress test
    explain|compare|rank|make (?:a|an|sure|the)
        """
    )
    + " .+)"
)
QUESTION = re.compile(r"(?:and |also )*(?:who|what|when|where|which|how|can you|could you)\b.+\?")

COURTESY = re.compile(
    one_of(
        r"""
    please|pls|thanks|thank you|thx|ty|cheers|great(?: work| job| stuff)?|nice(?: work| job| one)?
    good(?: work| job| stuff| idea| plan| call)?|well done|excellent(?: work)?|perfect|awesome|super
    wonderful|lovely|brilliant|love it|looks (?:good|great|right|fine|solid)(?: to me)?|makes sense
    sounds (?:good|great|right)|all good|no (?:concerns|objections|issues)(?: from (?:me|my side))?
    i(?:'ve| have) (?:read|reviewed|checked|looked at) (?:it|this|that|everything|the (?:plan|report|rca))
    hi|hello|hey|bot|team|all|everyone|ok|okay|yes|yep|yeah|sure|right|alright|agreed|asap|now|today|right away
    from my side|from me|🎉+|🙏+|🙂|😊|🚀+|👍+
        """
    )
    + "(?: (?:thanks|thank you|everyone|team|all|folks|bot|please|much|a lot|so much))*"
)
REPORTED = re.compile(
    r"\b(?:said|says|saying|wrote|writes|told|tells|claims?|claimed|according to|quote|quoting)\b"
)
"""Somebody's words, not the writer's."""

SARCASM = re.compile(
    one_of(
        r"""
    \byeah,? (?:right|no|sure)\b|\bas if\b|\blol\b|\blmao\b|\bhaha|\bha ha|🙄|😂|🤣|😏
    /s\b|\bkidding\b|\bjk\b
    \bwhat could (?:possibly )?go wrong\b|\bgenius\b|\bgood luck with that\b|\bin your dreams\b|\bmake my day\b
    \bsarcas|\bironic|\bjoking\b|\bapril fool|\bgreat, another\b|\btotally approve|\bnot!
    \boh (?:sure|great|yeah|yes|wonderful|joy|perfect)\b|\bapprove-ish\b
        """
    )
)
EXCLUSION = re.compile(
    r"(?P<no>.+?),? (?:no|not|can wait|later)|"
    r"(?:and )?(?:please )?(?:not|skip|leave(?: out)?|defer|hold(?: off on)?|without|postpone) (?P<choice>.+?)"
    r"(?: out| for now| for later)?|"
    r"(?:and )?(?:please )?(?:no to|reject|deny|drop|decline) (?P<denied>.+?)"
)
"""What is said of the items that are left, after others were chosen: left out, or `denied`."""

THE_REST = re.compile(
    r"(?:the |all )?(?:others?|rest|other ones?|remaining(?: ones?)?)\b.*"
    r"\b(?:waits?|later|next \w+|not yet|no|not|deferred|defer|first|stays?|open|need to|have to|tomorrow)\b.*"
)

AN_OBJECT = re.compile(r"^(?:and |also |plus |then |the )+")
TAKES_BACK = re.compile(
    r"\b(?:but|wait|just|kidding|actually|not|no|yes|sorry|mean|meant|instead|unless|maybe|perhaps)\b"
)
REASON = re.compile(
    r"(?:because|since|as|due to|given|reason:?|it'?s too|that'?s too|this is too|the risk"
    r"|we can'?t afford|out of"
    r"|not enough|over budget)\b.+|too (?:risky|expensive|early|late|much|dangerous|big|vague)"
)
"""Why somebody says no: after a denial a clause of this kind may follow."""

"""Whether a statement forbids: told from its main clause, for a `not` beside it turns nothing round."""

from __future__ import annotations

import re

_BESIDE = re.compile(
    r"(?:,\s*|\s+[-–—(]\s*|\s+)(?:so that|so I\b|in order to|because|since|which|who\b|"
    r"whose|whom|why|how|where(?:as|by)?|even (?:if|when)|"
    r"unless|until|until after|although|though|if\b|when\b|while\b|as (?:soon|long) as|"
    r"as\b (?:it|they|we|he|she)\b|that (?:is|are|was|were|has|have|do|does|can|cannot|"
    r"must|may|they|it|nobody|no|exceeds?)\b|"
    r"whatever|however|whether|except|other than|but\b|only\b)",
    re.IGNORECASE,
)
"""Where something begins that stands beside the main clause."""
_FIRST = re.compile(
    r"^(?:if|when|whenever|while|as soon as|once|after|before|until|unless|where|should|"
    r"for|from|on|in|at|with|without|between|inside|outside|during|under|over|within|"
    r"above|below)\b[^,]{3,120}?,\s+",
    re.IGNORECASE,
)
"""A clause or a place that stands before the main clause."""
_SO_ON = re.compile(
    r"(?:;|\s(?:and|but)\s+(?:shall|must|should|may|can|will)\b|\s(?:and|but|or|"
    r"then)\s+(?:the|an?|it|they|he|she|nobody|no|never|not)\b|(?<=[a-z]),\s+(?:and|but|"
    r"then)\s)",
    re.I,
)

_BOUND = re.compile(
    r"\b(?:no|not)(?: \w+)? (?:more|less|later|fewer|longer|earlier|sooner|older|higher|"
    r"lower|larger|greater|worse) than\b|\bat (?:most|least)\b|"
    r"\bno (?:more|less|later|fewer)\b|\bnot only\b|\bnot until\b|\bnot (?:have|need|be "
    r"(?:required|obliged|forced)) to\b|\bneed(?:s|ed)? not\b|"
    r"\b(?:do|does|did|is|are)(?: not|n['’]t) (?:have|need|required|obliged|forced) to\b|\bneedn['’]t\b|"
    r"\b(?:nobody|no one|no \w+) (?:has|have|needs?|is (?:asked|obliged|forced)) to\b|"
    r"\bwith no\b|\bwithout\b|\bnot? (?:matter|even)\b|\bno sign[- ]in (?:is )?needed\b|"
    r"\bor not\b|\bif not\b|\bwhy not\b|\b(?:has|have|is|are|was|were|did|does|do)(?: not|"
    r"n['’]t)(?: yet)? (?:been |yet )(?!be\b)",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"\b(?:must|shall|should|may|can|will|would|could|might|ought to|is to|are to|has to|"
    r"have to|do|does|is|are|be|gets?|stays?)\s+(?:\w+ly\s+|also\s+|ever\s+)?(?:not|"
    r"never)\b|"
    r"\b(?:cannot|can['’]t|mustn['’]t|shouldn['’]t|won['’]t|doesn['’]t|don['’]t|isn['’]t|"
    r"aren['’]t|shan['’]t|mayn['’]t)\b|"
    r"\bnot to (?!mention)\w|\bnever\b|\bno longer\b|\b(?:at|in|under|on|by) no (?:time|"
    r"point|case|circumstances?|account|means)\b|\bnot (?:at all|even|ever|a single|"
    r"one)\b",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"^\W*(?:the [^,]{2,30}:\s+)?(?:no|nobody|no one|none|neither|nothing|nowhere|never|"
    r"do not|don['’]t|not|avoid|forbid|ban|prohibit)\b",
    re.IGNORECASE,
)
_NO_THING = re.compile(
    r"\b(?:by|to|of|in|at|with|from|on|for|is|are|contains?|has|have|gets?|sees?|keeps?|"
    r"holds?|shows?|sets?|uses?|stores?|takes?|there (?:is|are|will be|shall be|must be)|"
    r"nothing is|,) (?:no|nobody|none|nothing|neither)\b|\b(?:hardly|neither)\b|,\s*no "
    r"(?:\w+\s?){1,3}(?:is|are|may|can|will|gets?)\b|"
    r"\b(?:no \w+(?: \w+)?|nothing|nobody|no one|none) (?:is|are|may|can|will|shall|must|"
    r"gets?|leaves?|goes|appears?)\b|"
    r"\b(?:opens?|makes?|draws?|leaves?|sends?|causes?|creates?|gives?|accepts?|allows?|"
    r"lets?|loads?|starts?|wins?|reach(?:es)?) no\b|"
    r"\b(?:stays?|kept|keeps?|remains?|is|are) out of\b|\binvisible\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:is|are|be|gets?|stays?|remains?|were|was)\s+(?:\w+ly\s+|always\s+|to "
    r"be\s+)?(?:refused|rejected|forbidden|banned|prohibited|disallowed|barred|denied|"
    r"blocked|"
    r"excluded|ruled out|turned down|turned away|impossible|not possible|off limits|"
    r"taboo)\b|\bnot (?:stored|kept|logged|cached|shown|shared|sent|saved|allowed)\b|"
    r"\bimpossible to\b",
    re.IGNORECASE,
)


_VERB = re.compile(
    r"\b(?:must|shall|should|may|can|will|would|is|are|be|has|have|do|does|gets?|goes|go|"
    r"cannot)\b|n['’]t\b|\w(?:es|ts|ds|ks|ns|ps|rs|ys)\b.*\w|^\W*(?:no|never|nobody|none|"
    r"nothing|not|do|avoid)\b|\b(?:sees|shows|lists|knows|learns|says|tells|notes|prints)$",
    re.I,
)


def forbids(text: str) -> bool:
    """Whether a statement says that something must not happen.

    A limit (`no more than 20`), a freedom (`nobody has to sign in`) and a condition (`without a network it goes
    on`) forbid nothing; what is refused in the passive does.
    """
    main = _main(text)
    bare = _BOUND.sub(" ", main)
    return bool(
        _FORBIDS.search(bare) or _NOBODY.match(bare.strip()) or _NO_THING.search(bare) or _REFUSED.search(bare)
    )


def _main(text: str) -> str:
    """The main clause, or what is nearest to it."""
    said = re.sub(r"\([^)]*\)", " ", re.sub(r"\s+", " ", text)).strip(' -–—*"“”')
    said = _wanted(said)
    said = _FIRST.sub("", said)
    pieces = _BESIDE.split(said)
    part = pieces[0]
    if len(pieces) > 1 and not _VERB.search(part):  # what stands beside its subject, before its verb
        part = said[: len(said) - sum(len(piece) for piece in pieces[2:])]
    cut = _SO_ON.split(part, maxsplit=1)[0]
    return cut if len(cut.split()) > 2 else part


def _wanted(said: str) -> str:
    """What a user story wants."""
    found = re.search(
        r"\bI (?:want|need|would like|wish|expect)\b(?: to\b)?\s*(?P<what>.+?)(?:,?\s+so (?:that|I)\b|$)",
        said,
        re.I,
    )
    return found["what"] if found else said

"""Which language a message is in, as far as it matters: English is read best."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.language.words import tokens

_GERMAN = (
    "der die das den dem des ein eine einen und oder nicht kein keine ist sind war hat haben ich du wir"
    " ihr mir mich uns bitte wer wie wann warum wo auf für mit von zu bis im nur noch schon alle jetzt"
    " sofort heute morgen gestern kannst kann soll sollen wird werden dass wenn auch mal ab nix weil"
)
_SPANISH = (
    "el la los las un una unos unas y o es son está están fue han yo tú nosotros por favor quién cómo"
    " cuándo qué dónde en con de del para hasta hoy mañana ayer ahora ya todos todas puedes puede que si"
    " también más se"
)
_FRENCH = (
    "le la les un une des et ou ne pas est sont ont je tu nous vous moi qui comment quand pourquoi où"
    " sur avec de du pour jusqu au aux ce cette aujourd hui demain hier maintenant tous toutes peux peut"
    " que si aussi plus"
)
_TELLING: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in (("German", _GERMAN), ("Spanish", _SPANISH), ("French", _FRENCH))
}
_LEAST = 0.26
"""The share of telling words from which a message counts as written in a language."""


def foreign_language(text: str) -> str | None:
    """German, Spanish or French if a message is surely written in it; None for English and for all else."""
    said = [word.replace("'", "") for word in tokens(text)]
    if len(said) < 3:
        return None
    shares = {name: sum(word in telling for word in said) / len(said) for name, telling in _TELLING.items()}
    name = max(shares, key=shares.__getitem__)
    return name if shares[name] >= _LEAST else None

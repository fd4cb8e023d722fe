"""Which language a document is in, told from its small words and its script."""

from __future__ import annotations

import pytest

from agents.planning.reading.language import language_of

SENTENCES = {
    "English": (
        "The clerk must see the list of the parcels that are in the shelf, and "
        "it is not to be printed for others. "
    ),
    "German": (
        "Der Bediener muss die Liste der Pakete im Regal sehen und sie wird "
        "nicht für andere gedruckt, wenn das Amt zu ist. "
    ),
    "Spanish": (
        "El empleado debe ver la lista de los paquetes que se guardan en el "
        "estante y no son para otros, con una nota por día. "
    ),
    "French": (
        "Le commis doit voir la liste des colis qui sont dans le rayon et ne "
        "pas les imprimer pour une autre personne par jour. "
    ),
    "Italian": (
        "Il commesso deve vedere la lista dei pacchi che sono in un armadio e "
        "non si stampa per gli altri quando è chiuso. "
    ),
    "Dutch": (
        "De medewerker moet het overzicht van de pakketten zien die in een rek "
        "zijn en niet op papier worden gezet voor anderen. "
    ),
    "Polish": (
        "Pracownik musi widzieć listę paczek, że nie są na półce i po "
        "zamknięciu do druku się nie nadaje, lub gdy jest nowa dla biura. "
    ),
    "Portuguese": (
        "O empregado deve ver a lista dos pacotes que se guardam em uma "
        "estante e não são para outros, com nota por dia ou da hora. "
    ),
    "Japanese": "係員は棚にある荷物の一覧を見なければならない。印刷してはならない。",
    "Chinese": "职员必须能看到货架上的包裹清单。不得打印。",
    "Korean": "직원은 선반에 있는 소포 목록을 보아야 한다.",
    "Greek": "Ο υπάλληλος πρέπει να βλέπει τη λίστα των δεμάτων.",
    "Russian or another language in Cyrillic": "Служащий должен видеть список посылок на полке.",
    "Arabic": "يجب أن يرى الموظف قائمة الطرود.",
    "Hebrew": "הפקיד חייב לראות את רשימת החבילות.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_the_language_is_told(language: str):
    assert language_of(SENTENCES[language] * 4) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FR-1 FR-2 0x44",
        "Sehr geehrte Damen und Herren",  # too little to tell
        SENTENCES["English"] * 4 + SENTENCES["German"],
        SENTENCES["English"] * 4 + "```\nel = la.los(un, una)\n```",
        SENTENCES["English"] + "Tokyo is 東京 and Athens is Αθήνα.",
    ],
)
def test_everything_else_counts_as_english(text: str):
    assert language_of(text) == "English"


def test_a_document_with_english_headings_is_in_the_language_of_its_text():
    assert language_of("# The list\n\n## Out of scope\n\n" + SENTENCES["German"] * 4) == "German"

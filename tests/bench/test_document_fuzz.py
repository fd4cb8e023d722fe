"""The fuzz of the reading itself: it draws the same twice, and an exception, a hang and a death are faults."""

from __future__ import annotations

import os
import time

from bench.document_fuzz import Found, fuzz, long_document, product_reading
from bench.document_mutations import LONGEST, Mutations

DOCUMENTS = [
    "# Kiosk\n\n## Requirements\n\n- The kiosk must weigh parcels.\n",
    "<ul><li>It must ring.</li></ul>",
]


def reading(text: str) -> str:
    """Does what the text says."""
    match text:
        case "raise":
            raise ValueError(text)
        case "hang":
            time.sleep(60)
        case "die":
            os._exit(3)
        case "toil":
            ends = time.process_time() + 0.6
            while time.process_time() < ends:
                pass
    return "read"


def ran(*texts: str) -> Found:
    return fuzz(iter(texts), reading, limit=0.4, patience=8.0)


def test_what_must_not_be_is_a_fault_and_the_others_are_still_read():
    found = ran("fine", "raise", "die", "toil", "hang", "fine", "fine")
    assert found.counts == {"read": 3, "failed": 1, "died": 1, "slow": 1, "hung": 1}
    assert {text for _, text in found.faults} == {"raise", "die", "toil", "hang"}
    (raised,) = [fault for fault, text in found.faults if text == "raise"]
    assert raised.startswith("ValueError: raise (")


def test_the_same_seed_draws_the_same_documents_and_another_draws_others():
    one, same, other = (Mutations(seed, DOCUMENTS) for seed in (4, 4, 5))
    drawn = [one.document() for _ in range(200)]
    assert drawn == [same.document() for _ in range(200)]
    assert drawn != [other.document() for _ in range(200)]
    assert len(set(drawn)) > 150
    assert max(map(len, drawn)) <= LONGEST


def test_a_refusal_is_no_fault():
    assert product_reading(DOCUMENTS[0]) == "read"
    assert product_reading("") == "NothingAsked"
    assert product_reading("a\0b") == "NotText"
    assert product_reading("word " * 3_000) == "SentenceTooLong"


def test_the_long_document_has_its_length():
    text = long_document(["# A\n\nOne two three.\n## B\n\nFour five six seven.\n"] * 3, 1)
    assert 100_000 <= len(text.split()) < 100_100

"""Text from outside: whatever it is, a row can hold it, and an id stays another one."""

from __future__ import annotations

import json

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from governance.outside_text import clean, is_storable, storable, storable_json
from storage.embedded import EmbeddedServer

_TEXTS = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=40)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(_TEXTS)
def test_what_is_storable_stays_as_it_is_and_the_rest_becomes_so(text: str) -> None:
    made = storable(text)
    assert is_storable(made)
    assert (made == text) == is_storable(text)
    assert len(made) == len(text)  # nothing goes: an id would turn into another
    made.encode()


@given(_VALUES)
def test_json_is_what_postgresql_takes(value: object) -> None:
    written = json.dumps(storable_json(value), allow_nan=False)
    assert "\\u0000" not in written.replace("\\\\", "")
    json.loads(written)


def test_postgresql_takes_the_worst_of_it(server: EmbeddedServer) -> None:
    worst = {"a\0\ud800": ["\0", float("nan"), {"\udfff": 10**40}]}
    with psycopg.connect(server.app_url) as connection:
        taken = connection.execute(
            "SELECT %s::jsonb, %s::text", [json.dumps(storable_json(worst)), storable("a\0")]
        )
        assert taken.fetchone() == ({"a��": ["�", None, {"�": 10**40}]}, "a�")


@given(_TEXTS)
def test_clean_words_are_storable_and_clean(text: str) -> None:
    made = clean(text)
    assert is_storable(made)
    assert clean(made) == made

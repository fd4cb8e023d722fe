import pytest
from auth.app import Person, application
from auth.tokens import LIFETIME, NoSession, Tokens


class Clock:
    at = 1_000.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(clock):
    return Tokens((b"new", b"old"), clock)


def test_a_token_says_who_it_is_for(tokens):
    claims = tokens.read(tokens.issue("p1", "acme", ("member",)))
    assert (claims.sub, claims.account, claims.roles) == ("p1", "acme", ("member",))
    assert claims.exp == 1_000 + LIFETIME


def test_a_session_ends(tokens, clock):
    token = tokens.issue("p1", "acme", ())
    clock.at += LIFETIME
    with pytest.raises(NoSession):
        tokens.read(token)


def test_the_key_before_is_still_read(tokens, clock):
    assert tokens.read(Tokens((b"old",), clock).issue("p1", "acme", ())).sub == "p1"
    with pytest.raises(NoSession):
        tokens.read(Tokens((b"foreign",), clock).issue("p1", "acme", ()))


@pytest.mark.parametrize("wrong", ["", "x", "x.y", ".", "é.é"])
def test_what_is_no_token_is_no_session(tokens, wrong):
    with pytest.raises(NoSession):
        tokens.read(wrong)


def test_claims_that_were_changed_are_no_session(tokens):
    said, _, signature = tokens.issue("p1", "acme", ()).partition(".")
    with pytest.raises(NoSession):
        tokens.read(f"{said[:-2]}AA.{signature}")


def test_there_are_no_other_roles(tokens):
    with pytest.raises(ValueError, match="root"):
        tokens.issue("p1", "acme", ("root",))


def test_signing_in_and_reading_the_session(tokens):
    app = application(tokens, {"p1": Person("s", "acme", ("account_administrator",))})
    token = app.answer("POST", "/sessions", body={"person": "p1", "secret": "s"}).body["token"]
    session = app.answer("GET", "/session", headers={"authorization": f"Bearer {token}"})
    assert session.body["roles"] == ("account_administrator",)
    assert app.answer("POST", "/sessions", body={"person": "p1", "secret": "x"}).status == 401
    assert app.answer("POST", "/sessions", body=None).status == 401
    assert app.answer("GET", "/session").status == 401

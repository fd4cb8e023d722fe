"""How signing in can fail, each with a text for the visitor and a word for the record."""

from __future__ import annotations


class SignInFailed(Exception):
    """Nobody was signed in. The text is for the visitor; `why` is a word for the record, `status` HTTP's.

    `identity` is who was proved, where somebody was.
    """

    def __init__(self, text: str, *, why: str, status: int, identity: str | None = None) -> None:
        super().__init__(text)
        self.why = why
        self.status = status
        self.identity = identity


class NotFinished(SignInFailed):
    """The visitor, or the provider for them, broke off."""

    def __init__(self, label: str, error: str) -> None:
        text = f"Signing in with {label} was not finished ({error}). Begin again whenever you like."
        super().__init__(text, why="not_finished", status=400)


class ProviderAway(SignInFailed):
    """The provider does not answer, or not as it should."""

    def __init__(self, label: str) -> None:
        text = (
            f"{label} does not answer as it should just now. Try again in a moment; if it stays like this, tell"
            " whoever runs Countersign here."
        )
        super().__init__(text, why="provider_away", status=503)


class ProofRefused(SignInFailed):
    """What the provider sent does not prove anything. `fault` says what is wrong with it, for the record."""

    def __init__(self, label: str, fault: str) -> None:
        text = (
            f"What {label} sent back does not prove who you are, so nobody was signed in. Begin again; if it"
            " happens twice, tell whoever runs Countersign here."
        )
        super().__init__(text, why=f"proof_refused: {fault}", status=400)


class Outsider(SignInFailed):
    """Somebody of an organisation that is not this company's."""

    def __init__(self, identity: str, organisation: str, setting: str) -> None:
        text = (
            f"You signed in from {organisation}, which is not one of this company's. Choose another account;"
            f" or whoever runs Countersign here adds it to {setting}."
        )
        super().__init__(text, why="outsider", status=403, identity=identity)


class NotLinked(SignInFailed):
    """The identity belongs to nobody in the department yet."""

    def __init__(self, identity: str, label: str, chat: str) -> None:
        text = (
            f"{label} says that you are {identity}, and the department does not know who that is yet."
            f" Write to Countersign in {chat} first: that links you by your verified email address. Or ask"
            " the engineering director or the compliance officer to link you (“access” in chat)."
        )
        super().__init__(text, why="not_linked", status=403, identity=identity)


class NotActive(SignInFailed):
    """The person has left."""

    def __init__(self, identity: str) -> None:
        text = (
            "You are no longer active in this department. If that is wrong, ask the engineering director or the"
            " compliance officer."
        )
        super().__init__(text, why="not_active", status=403, identity=identity)

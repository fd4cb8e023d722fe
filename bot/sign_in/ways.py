"""What every way of signing in has in common, and how it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way: the address to send the browser to, and what is kept until it comes back."""

    address: str
    kept: Mapping[str, Any]


class Way(Protocol):
    """A provider who proves who somebody is.

    `name` is its part of our addresses, `platform` the first part of the identities that it proves, `label`
    what people call it, `chat` where its people write to Countersign.
    """

    name: str
    platform: str
    label: str
    chat: str

    async def begin(self, state: str, back: str) -> Begun:
        """Begin a sign-in that comes back to `back`, an address of ours, with `state`. Raises SignInFailed."""

    async def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        """The identity that the provider proves, from the query that it sent the browser back with.

        Raises SignInFailed.
        """

    def is_ours(self, identity: str) -> bool:
        """Whether an identity of this platform belongs to an organisation that is this company's."""

    def elsewhere(self, identity: str) -> tuple[str, str] | None:
        """What the identities of the same account in other places begin and end with; None if there are no
        other places. An organisation may know one account in several, and chat have met it in another one.
        """

    async def close(self) -> None:
        """Let go of open connections."""


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

    def __init__(self, label: str, said: str) -> None:
        text = f"Signing in with {label} was not finished ({said}). Begin again whenever you like."
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

"""A Teams for tests and for newcomers: an Entra tenant, its people, teams and chats, the connector, and what
the Bot Framework sends to bots.

`tests/fakes/teams/README.md` shows how tests use it.
"""

from tests.fakes.teams.delivery import Delivery
from tests.fakes.teams.driver import NothingToPress, Someone
from tests.fakes.teams.server import FakeTeams
from tests.fakes.teams.world import Conversation, Human, Message

__all__ = ["Conversation", "Delivery", "FakeTeams", "Human", "Message", "NothingToPress", "Someone"]

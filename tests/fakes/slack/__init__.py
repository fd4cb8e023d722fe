"""A Slack for tests and for newcomers: a workspace, its people, the Web API, and what Slack sends to apps.

`tests/fakes/slack/README.md` shows how tests use it; `make fake-slack` opens it in a browser.
"""

from tests.fakes.slack.delivery import Delivery
from tests.fakes.slack.filling import NotFilledIn
from tests.fakes.slack.modals import Submission
from tests.fakes.slack.person import NothingToPress, Person
from tests.fakes.slack.records import Channel, Installation, Message, User, View
from tests.fakes.slack.server import FakeSlack

__all__ = [
    "Channel", "Delivery", "FakeSlack", "Installation", "Message", "NotFilledIn", "NothingToPress", "Person",
    "Submission", "User", "View",
]  # fmt: skip

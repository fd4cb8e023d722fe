"""What the command line refuses before anything is stored."""

from __future__ import annotations

import pytest

from bot.command_line import Stop
from bot.command_line.conversation import Conversation
from bot.inbox import LONGEST_TEXT
from tests.architecture.test_effects_only_through_the_gate import INSTALLATION


async def test_a_message_that_is_too_long_is_refused_with_a_sentence() -> None:
    with pytest.raises(Stop) as refused:
        await Conversation(INSTALLATION).say("david", "x" * (LONGEST_TEXT + 1), None, None)
    assert str(refused.value) == "That is 12,001 characters; 12,000 are the most. Nothing was sent."

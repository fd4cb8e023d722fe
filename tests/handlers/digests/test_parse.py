"""What people want of their digests, read from their words."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from handlers.office.digests.parse import read_wish
from handlers.office.digests.schedule import EVERY_DAY
from handlers.office.digests.settings import WORKING_DAYS, DigestKind

DAILY, WEEKLY, BLOCKERS = (DigestKind.DAILY,), (DigestKind.WEEKLY,), (DigestKind.BLOCKERS,)
FRIDAY = frozenset({4})


@pytest.mark.parametrize(
    ("words", "act", "said"),
    [
        ("my summaries", "settings", {}),
        ("digest settings", "settings", {}),
        ("when does my digest come", "settings", {}),
        ("I get too many summaries", "settings", {}),
        ("show me my digest now", "show", {}),
        ("what did I miss", "show", {}),
        ("give me the weekly digest", "show", {"kinds": WEEKLY}),
        ("summary of the day please", "show", {"kinds": DAILY}),
        ("send me the daily summary at 8:30 on weekdays", "set", {"at": time(8, 30), "days": WORKING_DAYS}),
        ("dialy digest at 8", "set", {"kinds": DAILY, "at": time(8)}),
        ("I'd like a summary every morning at eight", "set", {"at": time(8), "kinds": ()}),
        ("a wrap-up each evening at six", "set", {"at": time(18)}),
        ("move my daily digest to 7 am", "set", {"at": time(7)}),
        ("change the digest time to 9", "set", {"at": time(9)}),
        ("change my digest to Friday afternoon", "set", {"at": time(14), "days": FRIDAY, "changes": True}),
        ("send me a weekly summary on Fridays", "set", {"kinds": WEEKLY, "days": FRIDAY}),
        ("daily summary at 9 except Fridays", "set", {"days": frozenset(range(4))}),
        ("a summary on Mon, Wed and Fri at 10", "set", {"days": frozenset({0, 2, 4})}),
        ("no digest on weekends", "set", {"days": WORKING_DAYS}),
        ("send me a summary every day", "set", {"days": EVERY_DAY}),
        ("send it at 9 Dublin time", "set", {"zone": "Europe/Dublin", "at": time(9)}),
        ("use europe/dublin for my digest", "set", {"zone": "Europe/Dublin"}),
        ("send my digest to Slack and Teams", "set", {"platforms": ("slack", "teams")}),
        ("set up a weekly digest for my teams", "set", {"kinds": WEEKLY, "platforms": None}),
        ("post the daily summary to #product at 9", "set", {"channel": "product", "at": time(9)}),
        ("put the daily summary into <#C012AB|product>", "set", {"channel": "C012AB"}),
        ("post the weekly dashboard here", "set", {"channel": "here", "kinds": WEEKLY}),
        ("turn the weekly dashboard off", "off", {"kinds": WEEKLY}),
        ("no more digests", "off", {"kinds": ()}),
        ("I don't want the daily digest", "off", {"kinds": DAILY}),
        ("pause my digest until Monday", "pause", {}),
        ("send my weekly report by email instead", "cannot", {"cannot": "mail"}),
        ("make my daily summary shorter", "cannot", {"cannot": "shape"}),
        ("quiet hours 20:00 to 7:00", "quiet", {"hours": (time(20), time(7))}),
        ("no messages between 8 pm and 7 am", "quiet", {"hours": (time(20), time(7))}),
        ("quiet hours from 22 to 7", "quiet", {"hours": (time(22), time(7))}),
        ("quiet hours off", "no_quiet", {}),
        ("let blockers through my quiet hours", "pierce", {}),
        ("don't let blockers through", "no_pierce", {}),
    ],
)
def test_words_are_read_as_they_are_meant(words: str, act: str, said: dict[str, Any]) -> None:
    wish = read_wish(words)
    assert wish.act == act
    assert {name: getattr(wish, name) for name in said} == said

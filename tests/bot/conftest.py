"""The fake port and a department over it, as the tests of governance have them."""

from tests.bot.one_company import office
from tests.governance.conftest import edge, edge_url, house

__all__ = ["edge", "edge_url", "house", "office"]

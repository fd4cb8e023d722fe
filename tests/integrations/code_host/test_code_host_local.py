"""The embedded code host keeps the contract."""

from __future__ import annotations

from tests.integrations.code_host.effects_contract import EffectsContract
from tests.integrations.code_host.history_contract import HistoryContract
from tests.integrations.code_host.merging_contract import MergingContract
from tests.integrations.code_host.reading_contract import ReadingContract
from tests.integrations.code_host.trees_contract import TreesContract


class TestLocalCodeHost(ReadingContract, TreesContract, EffectsContract, MergingContract, HistoryContract):
    pass

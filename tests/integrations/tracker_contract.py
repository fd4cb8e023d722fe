"""What every tracker must do, whoever's it is. A vendor's tests subclass `TrackerContract`.

The subclass gives the fixtures `tracker` (an empty one, in which team `alpha` has the sprint that
`sprint` names) and `neighbour` (another company's, on the same service).
"""

from __future__ import annotations

from tests.integrations.tracker_effects_contract import EffectsContract
from tests.integrations.tracker_finding_contract import FindingContract
from tests.integrations.tracker_reading_contract import ReadingContract


class TrackerContract(ReadingContract, FindingContract, EffectsContract):
    """The whole contract."""

"""What every tracker must do, whoever's it is. A vendor's tests subclass `TrackerContract`.

The subclass gives the fixtures `tracker` (an empty one but for its sprints), `sprints` (these, in order: three
or more, of two teams or more, not all ending on the same day), `sprint` (the id of one of team `alpha`) and
`neighbour` (another company's, on the same service, without sprints).
"""

from __future__ import annotations

from tests.integrations.tracker_effects_contract import EffectsContract
from tests.integrations.tracker_finding_contract import FindingContract
from tests.integrations.tracker_reading_contract import ReadingContract


class TrackerContract(ReadingContract, FindingContract, EffectsContract):
    """The whole contract."""

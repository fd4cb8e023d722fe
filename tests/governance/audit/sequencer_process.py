"""A sequencer as a process of its own: `python -m tests.governance.audit.sequencer_process URL`."""

from __future__ import annotations

import asyncio
import sys

from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from storage.database import Database
from tests.governance.audit.audit_entries import PRIVATE

if __name__ == "__main__":
    database = Database.open(sys.argv[1])
    asyncio.run(Sequencer(database, lambda tenant: signer_for(PRIVATE, tenant)).run())

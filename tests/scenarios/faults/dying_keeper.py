"""A keeper that kills itself just before or just after it writes down a change of a kind: at `KIND before` or
`KIND after`, whichever stands in `die` in its folder, once. Its arguments are the keeper's own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integrations.deployments.vendors.local import keeper_process
from integrations.deployments.vendors.local.journal import Journal, Line


def _dying(write: Callable[..., Line]) -> Callable[..., Line]:
    def dying(self: Journal, **values: Any) -> Line:
        file = Path(sys.argv[sys.argv.index("--folder") + 1]) / "die"
        point = file.read_text() if file.exists() else ""
        if point == f"{values['kind']} before":
            _die(file)
        line = write(self, **values)
        if point == f"{values['kind']} after":
            _die(file)
        return line

    return dying


def _die(file: Path) -> None:
    file.unlink()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Journal.append = _dying(Journal.append)  # type: ignore[method-assign]
    Journal.owe = _dying(Journal.owe)  # type: ignore[method-assign]
    keeper_process.main()

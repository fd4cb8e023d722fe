"""What is to be scraped, as the embedded platform's keeper writes it: Prometheus' own format for lists of
targets in files, so that a real one can read it as well.

https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from integrations.metrics import MetricsError

MOST_TARGETS = 200
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """A replica: what runs there, and where (`host:port`)."""

    service: str
    stage: str
    version: str
    instance: str

    @property
    def id(self) -> str:
        """The same for the same version at the same place."""
        parts = (self.service, self.stage, self.version, self.instance)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


class _Labels(BaseModel):
    service: str
    stage: str
    version: str


class _Group(BaseModel):
    targets: list[str]
    labels: _Labels


_GROUPS = TypeAdapter(list[_Group])


def read_targets(file: Path) -> tuple[Target, ...]:
    """The targets in a file; none where there is no file. Raises MetricsError."""
    try:
        raw = file.read_bytes()[: _MOST_BYTES + 1]
        if len(raw) > _MOST_BYTES:
            raise MetricsError(f"{file} is longer than {_MOST_BYTES} bytes.")
        groups = _GROUPS.validate_json(raw)
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as wrong:
        raise MetricsError(f"{file} cannot be read as a list of what is to be scraped.") from wrong
    found = dict.fromkeys(
        Target(group.labels.service, group.labels.stage, group.labels.version, instance)
        for group in groups
        for instance in group.targets
    )
    if len(found) > MOST_TARGETS:
        raise MetricsError(f"{file} names {len(found)} replicas; at most {MOST_TARGETS} are scraped.")
    return tuple(found)

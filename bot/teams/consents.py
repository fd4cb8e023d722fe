"""What somebody answered to the offer of a file, as Teams says it: keep it, and where, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

FILE_CONSENT = "fileConsent/invoke"
"""The name of the invoke that brings it."""

_Address = Annotated[str, Field(max_length=8_000, pattern=r"^[^\x00-\x20\x7f]+$")]
_Word = Annotated[str, Field(max_length=400, pattern=r"^[^\x00-\x1f\x7f\ufffd]+$")]


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Upload(_Read):
    """Where a file is to go, and what it will be called there. Nothing of it is proved: a client names it."""

    upload_url: _Address
    content_url: _Address
    unique_id: _Word
    name: _Word
    file_type: _Word = "file"


class _Context(_Read):
    offer: _Word


class _Value(_Read):
    action: Literal["accept", "decline"]
    context: _Context
    upload_info: Upload | None = None


@dataclass(frozen=True, slots=True)
class FileConsent:
    """An answer to the offer of this id: where the file is to go, or None where it is declined."""

    offer: str
    upload: Upload | None


def consent_of(value: Any) -> FileConsent | None:
    """The answer in an invoke's value; None for what is none."""
    try:
        said = _Value.model_validate(value)
    except ValidationError:
        return None
    if said.action == "decline":
        return FileConsent(said.context.offer, None)
    return None if said.upload_info is None else FileConsent(said.context.offer, said.upload_info)

"""Where mail is handed in, and as whom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from integrations.integration import VendorSettings
from integrations.mail.composing import sender_of


class SmtpSettings(VendorSettings):
    """Where mail is handed in, and as whom."""

    smtp_host: str = Field(min_length=1, description="The mail server that takes what is sent.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`starttls`, `tls` from the first byte (port 465), or `none` for a server on this machine.",
    )
    smtp_user: str | None = Field(default=None, description="Who signs in there, if anybody has to.")
    smtp_password: SecretStr | None = Field(default=None, description="Their password.")
    mail_sender: str = Field(description="Who mail comes from: Countersign <countersign@example.com>.")

    @field_validator("mail_sender")
    @classmethod
    def _sender(cls, written: str) -> str:
        sender_of(written)
        return written

    @model_validator(mode="after")
    def _never_in_clear(self) -> SmtpSettings:
        if self.smtp_security == "none" and self.smtp_password is not None:
            raise ValueError("SMTP_PASSWORD is sent over TLS alone: set SMTP_SECURITY to starttls or tls")
        return self

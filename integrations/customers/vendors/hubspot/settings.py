"""What HubSpot is told by the environment: the private app's token, and which properties mean what there."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from integrations.integration import VendorSettings, https_address

OF_DEALS = "deals."
"""What stands before a property of the deals of a company."""

_NAME = re.compile(r"[a-z0-9_-]{0,100}")


def _property(written: str) -> str:
    if not _NAME.fullmatch(written):
        raise ValueError("must be a property's internal name")
    return written


def _property_or_of_deals(written: str) -> str:
    return (
        f"{OF_DEALS}{_property(rest)}"
        if (rest := written.removeprefix(OF_DEALS)) != written
        else _property(rest)
    )


Property = Annotated[str, AfterValidator(_property)]
OfDeals = Annotated[str, AfterValidator(_property_or_of_deals)]


class HubSpotSettings(VendorSettings):
    """The private app, and the internal names of the properties that hold what HubSpot has none for itself.
    What is not named is not known."""

    hubspot_token: SecretStr = Field(description="Access token of a private app that may read the CRM.")
    hubspot_api_url: str = Field(default="https://api.hubapi.com", description="Where its API is.")
    hubspot_lifecycle_stages: str = Field(
        default="customer", description="Lifecycle stages of the companies that are customers, with commas."
    )
    hubspot_key_property: Property = Field(
        default="",
        description="Property with the id by which stories and people’s accounts name a customer; HubSpot’s own"
        " record id, if not given.",
    )
    hubspot_arr_property: OfDeals = Field(
        default="",
        description="Property with the yearly revenue; `deals.hs_arr` adds up the running contracts.",
    )
    hubspot_renewal_property: OfDeals = Field(
        default="",
        description="Property with the day of renewal; `deals.` before it where it is the end of a won deal’s"
        " contract.",
    )
    hubspot_currency: str = Field(
        default="USD",
        pattern=r"^[A-Z]{3}$",
        description="The department’s currency. Revenue in another is not read.",
    )
    hubspot_tier_property: Property = Field(default="", description="Property with the customer’s tier.")
    hubspot_health_property: Property = Field(
        default="", description="Property with its health, from 0 to 100."
    )
    hubspot_at_risk_below: int | None = Field(
        default=None, ge=0, le=100, description="Health below which a customer is at risk."
    )
    hubspot_critical_below: int | None = Field(
        default=None, ge=0, le=100, description="Health below which it is critical."
    )
    hubspot_aliases_property: Property = Field(
        default="", description="Property with other names of the customer, with semicolons."
    )
    hubspot_since_property: Property = Field(
        default="", description="Property with the day on which it became a customer."
    )
    hubspot_contact_label: str = Field(
        default="",
        description="Association label of the contact to write to. Without it a company’s only contact is.",
    )
    hubspot_request_pipeline: str = Field(
        default="", description="Id of the pipeline whose tickets are what customers ask for."
    )
    hubspot_needed_by_property: Property = Field(
        default="", description="Ticket’s property with the day by which it is needed."
    )
    hubspot_items_property: Property = Field(
        default="",
        description="Ticket’s property with the ids of the stories and features for it, with commas.",
    )
    redis_url: str | None = Field(
        default=None, description="Redis through which processes share HubSpot’s limits."
    )

    @field_validator("hubspot_api_url")
    @classmethod
    def _encrypted(cls, written: str) -> str:
        return https_address(written)

    @model_validator(mode="after")
    def _contracts_end(self) -> HubSpotSettings:
        if self.hubspot_arr_property.startswith(OF_DEALS) and not self.hubspot_renewal_property.startswith(
            OF_DEALS
        ):
            raise ValueError(
                "with HUBSPOT_ARR_PROPERTY of deals HUBSPOT_RENEWAL_PROPERTY must be of deals as well"
            )
        return self

    @property
    def stages(self) -> tuple[str, ...]:
        """Each of the lifecycle stages, as HubSpot compares them."""
        return tuple(filter(None, (one.strip().casefold() for one in self.hubspot_lifecycle_stages.split(","))))

    @property
    def deal_properties(self) -> tuple[str, ...]:
        """What is read of deals; nothing where no setting wants any."""
        named = (self.hubspot_arr_property, self.hubspot_renewal_property)
        return tuple(one.removeprefix(OF_DEALS) for one in named if one.startswith(OF_DEALS))

    @property
    def company_properties(self) -> tuple[str, ...]:
        """What the settings name of companies."""
        named = (
            self.hubspot_key_property,
            self.hubspot_arr_property,
            self.hubspot_renewal_property,
            self.hubspot_tier_property,
            self.hubspot_health_property,
            self.hubspot_aliases_property,
            self.hubspot_since_property,
        )
        return tuple(one for one in named if one and not one.startswith(OF_DEALS))

    @property
    def ticket_properties(self) -> tuple[str, ...]:
        """What the settings name of tickets."""
        return tuple(filter(None, (self.hubspot_needed_by_property, self.hubspot_items_property)))

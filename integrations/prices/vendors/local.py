"""Prices kept as a file that people write: `prices.yaml` in the department's folder, with the day they are
of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from governance import marked_yaml
from governance.marked_yaml import MarkedDocument, MarkedYamlError
from integrations import Embedded
from integrations.integration import Checked, Integration, Surroundings, VendorSettings
from integrations.prices import NoPrice, PricesError, Reservation, Unit, UnitPrice

FILE_NAME = "prices.yaml"
MOST_BYTES = 1_000_000
"""A larger file is refused unread."""

_LONGEST_TERM = 5 * 8_760


class PriceSettings(VendorSettings):
    """How long a price list is relied on."""

    prices_old_after_days: int = Field(
        default=92, ge=1, description="A price list that is older is not relied on: whoever asks is told so."
    )


class LocalPrices(Embedded):
    """`Prices` over the file, read whenever it is asked: what is edited counts at once. `today` is in UTC."""

    def __init__(self, path: Path, old_after_days: int, today: Callable[[], date]) -> None:
        self._path, self._old_after_days, self._today = path, old_after_days, today

    async def price(self, unit: Unit, service: str | None = None) -> UnitPrice:
        """See Prices.price."""
        found = {(one.unit, one.service): one for one in await self.prices()}
        price = found.get((unit, service)) or found.get((unit, None))
        if price is None:
            of = "" if service is None else f" of {service}"
            raise NoPrice(f"{FILE_NAME} has no price of a {unit}{of}. Add one under `prices`.")
        return price

    async def prices(self) -> Sequence[UnitPrice]:
        """See Prices.prices."""
        return await asyncio.to_thread(read_prices, self._path, self._old_after_days, self._today())


def read_prices(path: Path, old_after_days: int, today: date) -> Sequence[UnitPrice]:
    """The prices of the file, by unit and service. Raises PricesError, also for prices older than that;
    those of a sample are handed out, and say that they are old."""
    document = _document(path)
    try:
        written = _Written.model_validate(document.value)
    except ValidationError as error:
        raise PricesError(_faults(error, document)) from error
    if not written.sample:
        _demand_current(written.as_of, document.line_of(("as_of",)), old_after_days, today)
    is_old = _age(written.as_of, today) > old_after_days
    found: dict[tuple[Unit, str], UnitPrice] = {}
    for position, entry in enumerate(written.prices):
        key = entry.unit, entry.service or ""
        if key in found:
            line = document.line_of(("prices", position))
            raise PricesError(f"{FILE_NAME}, line {line}: this price stands here twice; keep one")
        found[key] = entry.price(written, is_old=is_old)
    return [found[key] for key in sorted(found)]


def _document(path: Path) -> MarkedDocument:
    try:
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            raise PricesError(f"{FILE_NAME}: at most {MOST_BYTES} bytes are read, not {len(raw)}")
        return marked_yaml.read(raw.decode("utf-8"))
    except FileNotFoundError as missing:
        raise PricesError(
            f"There is no {FILE_NAME} in the department's folder. Write one with the prices that you pay."
        ) from missing
    except OSError as error:
        raise PricesError(f"{FILE_NAME}: the file cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise PricesError(f"{FILE_NAME}, line {line}: save the file as UTF-8") from error
    except MarkedYamlError as error:
        raise PricesError(f"{FILE_NAME}, {error}") from error


def _demand_current(as_of: date, line: int, old_after_days: int, today: date) -> None:
    if as_of > today + timedelta(days=1):  # somewhere it is tomorrow already
        raise PricesError(f"{FILE_NAME}, line {line}: {as_of} is yet to come; write the day the prices are of")
    if (age := _age(as_of, today)) > old_after_days:
        raise PricesError(
            f"{FILE_NAME}, line {line}: these prices are of {as_of}, {age} days ago; no more than"
            f" {old_after_days} days are relied on. Look them up again and write that day in `as_of`."
        )


def _age(as_of: date, today: date) -> int:
    return (today - as_of).days


def _exact(written: Any) -> Any:
    if not isinstance(written, str):
        raise ValueError('write money in quotes ("0.096"), so that it stays exact')
    return written


_Money = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, max_digits=18, decimal_places=8)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Reserved(_Part):
    price: _Money
    hours: int = Field(ge=1, le=_LONGEST_TERM)


class _Entry(_Part):
    unit: Unit
    service: str | None = Field(default=None, min_length=1, max_length=100)
    on_demand: _Money
    reserved: _Reserved | None = None

    @model_validator(mode="after")
    def _only_time_is_reserved(self) -> _Entry:
        if self.reserved is not None and not self.unit.is_hourly:
            raise ValueError(f"a {self.unit} is not paid by the hour and cannot be reserved; remove `reserved`")
        return self

    def price(self, of: _Written, *, is_old: bool) -> UnitPrice:
        reserved = None if self.reserved is None else Reservation(self.reserved.price, self.reserved.hours)
        shared = of.currency, of.as_of, f"{FILE_NAME}: {of.source}", of.sample, is_old
        return UnitPrice(self.unit, self.service, self.on_demand, reserved, *shared)


class _Written(_Part):
    as_of: date
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    source: str = Field(min_length=1, max_length=300)
    sample: bool = False
    prices: tuple[_Entry, ...] = Field(min_length=1, max_length=2_000)


def _faults(error: ValidationError, document: MarkedDocument) -> str:
    return "\n".join(
        f"{FILE_NAME}, line {document.line_of(fault['loc'])},"
        f" {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in error.errors()
    )


def _open(around: Surroundings) -> LocalPrices:
    if not isinstance(around.settings, PriceSettings):
        raise TypeError("the price list is opened with its settings")
    days = around.settings.prices_old_after_days
    return LocalPrices(around.folder / FILE_NAME, days, lambda: datetime.now(UTC).date())


async def _check(around: Surroundings) -> Iterable[Checked]:
    try:
        found = await _open(around).prices()
    except PricesError as wrong:
        return (Checked("prices", "advice", str(wrong)),)
    return (Checked("prices", "well", f"{len(found)} prices: {found[0].said}"),)


INTEGRATION = Integration(
    "prices", "local", "the price list of the department's folder", _open, settings=PriceSettings, check=_check
)

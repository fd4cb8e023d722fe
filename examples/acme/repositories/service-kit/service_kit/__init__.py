"""What the services share."""

from service_kit.money import Money
from service_kit.pages import Page, page
from service_kit.periods import Period
from service_kit.problems import Problem

__all__ = ["Money", "Page", "Period", "Problem", "page"]

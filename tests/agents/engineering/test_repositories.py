"""Which repository is meant, and which service is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from agents.engineering.repositories import Known, known_repositories, named, repository_for, service_of
from integrations.code_host.contents import Repository
from integrations.pages import Page, Part, page_behind
from integrations.ports import Ports
from integrations.services.vendors.local import LocalCatalogue
from tests.agents.engineering.stories import ACME
from tests.handlers.product.conftest import story


def repository(id: str) -> Repository:
    return Repository(id, "main", False, "Python", 1, frozenset(), None)


class Host:
    """As many repositories as there are, ten a page."""

    def __init__(self, *ids: str) -> None:
        self.found = sorted(map(repository, ids), key=lambda one: one.id)

    async def repositories(self, query: Part) -> Page[Repository]:
        return page_behind(self.found, query.after, min(query.limit, 10), lambda one: one.id)


def ports(*ids: str) -> Ports:
    unused = cast(Any, None)
    return replace(
        Ports(*[unused] * 13), code_host=cast(Any, Host(*ids)), services=LocalCatalogue(ACME / "services")
    )


async def known(*ids: str) -> tuple[Known, ...]:
    return await known_repositories(ports(*ids))


async def meant(words: str, *ids: str) -> list[str]:
    return [one.repository.id for one in named(words, await known(*ids))]


@pytest.mark.parametrize("id", ["orders", "acme/orders", "acme/Orders"])
async def test_the_service_of_a_repository_is_in_whosever_account_it_is(id: str) -> None:
    found = await service_of(id, ports())
    assert found is not None
    assert found.id == "orders"
    (one,) = await known(id)
    assert one.service == found, "both ask the same way"
    assert await service_of("acme/orders-archive", ports()) is None


async def test_a_repository_beyond_the_first_pages_is_found() -> None:
    ids = [f"acme/thing-{n:03}" for n in range(230)]
    assert await meant("in zebra please", *ids, "acme/zebra") == ["acme/zebra"]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("PRs of orders", ["acme/orders"]),
        ("PRs of acme/orders-api", ["acme/orders-api"]),
        ("of orders and of orders-api", ["acme/orders", "acme/orders-api"]),
        ("of the orders api", ["acme/orders-api"]),
        ("of oders", ["acme/orders"]),
        ("of the dashboards", []),
        ("of the dashboard", ["acme/customer-dashboard", "acme/dashboard-api"]),
        ("show the open pull requests", []),
        ("of payment-service-v3", []),
    ],
)
async def test_what_is_named(words: str, ids: list[str]) -> None:
    there = ("orders", "orders-api", "customer-dashboard", "dashboard-api")
    assert await meant(words, *(f"acme/{one}" for one in there)) == ids


async def test_two_of_one_name_are_told_apart_by_their_accounts() -> None:
    ids = ("acme/orders", "old/orders")
    assert await meant("in orders", *ids) == list(ids)
    assert await meant("in old/orders", *ids) == ["old/orders"]


async def test_a_story_is_written_where_it_is_said_or_names_or_its_team_has_one() -> None:
    there = await known("acme/orders", "acme/checkout", "acme/customer-dashboard")
    silent = story(1, "Count pieces", team="nobody")
    assert repository_for(silent, "", there) is None
    one = repository_for(silent, "put an agent on it in checkout", there)
    assert one is not None
    assert one.repository.id == "acme/checkout"
    by_words = repository_for(replace(silent, title="Orders say how many pieces"), "", there)
    assert by_words is not None
    assert by_words.repository.id == "acme/orders"
    owner = next(one.service.team for one in there if one.service is not None)
    owned = [one for one in there if one.service is not None and one.service.team == owner]
    found = repository_for(replace(silent, team=owner), "", there)
    assert (found is not None) == (len(owned) == 1)

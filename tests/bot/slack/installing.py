"""Installing the app as somebody does in a browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import aiohttp

from tests.office import Office


async def installs(office: Office) -> int:
    """Install the app as a browser does: our page, Slack's page, and back. Returns the last status."""
    slack = office.slack
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{office.address}/slack/install") as page:
            begun = await page.text()
            kept = page.headers["Set-Cookie"].partition(";")[0]
        state = parse_qs(urlsplit(begun[begun.index("https://slack.com/oauth") :].split('"')[0]).query)[
            "state"
        ][0]
        slack.default_redirect = f"{office.address}/slack/oauth_redirect"
        query = {"client_id": slack.client_id, "state": state, "as": "david"}
        async with browser.get(
            f"{slack.url}/oauth/v2/authorize", params=query, allow_redirects=False
        ) as agreed:
            code = parse_qs(urlsplit(agreed.headers["Location"]).query)["code"][0]
        back = {"code": code, "state": state}
        address = f"{office.address}/slack/oauth_redirect"
        async with browser.get(address, params=back, headers={"Cookie": kept}) as done:
            first = done.status
        async with browser.get(address, params=back, headers={"Cookie": kept}) as again:
            assert again.status in (400, 401), "a state is good once"
    return first

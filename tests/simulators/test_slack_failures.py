"""What can go wrong, on demand: limits, errors, lost answers, hanging, being down."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import FakeSlack


async def post(web: AsyncWebClient, slack: FakeSlack, channel: str = "product", text: str = "hello") -> None:
    await web.chat_postMessage(channel=slack.channel(channel).id, text=text)


async def test_rate_limits_strike_a_method_and_a_channel(slack: FakeSlack, web: AsyncWebClient) -> None:
    product = slack.channel("product").id
    slack.faults.rate_limit("chat.postMessage", channel=product, retry_after=7)
    await post(web, slack, "engineering")
    with pytest.raises(SlackApiError) as caught:
        await post(web, slack)
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    await post(web, slack)
    assert [call.error for call in slack.called("chat.postMessage")] == [None, "ratelimited", None]


async def test_a_retry_handler_gets_through(slack: FakeSlack, web: AsyncWebClient) -> None:
    web.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    slack.faults.rate_limit(retry_after=0)
    await post(web, slack)
    assert len(slack.messages("product")) == 1


async def test_the_real_limit_is_one_message_a_second_and_channel(
    slack: FakeSlack, web: AsyncWebClient
) -> None:
    slack.faults.real_limits = True
    clock = [1_790_000_000.0]
    slack.state.now = lambda: clock[0]
    await post(web, slack)
    await post(web, slack, "engineering")
    with pytest.raises(SlackApiError, match="ratelimited"):
        await post(web, slack)
    clock[0] += 1.0
    await post(web, slack)


async def test_a_lost_answer_leaves_the_message(slack: FakeSlack, web: AsyncWebClient) -> None:
    web.retry_handlers.clear()
    slack.faults.lose_answer("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await post(web, slack, text="taken")
    assert [m.text for m in slack.messages("product")] == ["taken"]
    slack.faults.reset("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await post(web, slack, text="not taken")
    assert [m.text for m in slack.messages("product")] == ["taken"]


async def test_servers_fail_and_methods_refuse(slack: FakeSlack, web: AsyncWebClient) -> None:
    slack.faults.server_error("chat.postMessage", status=503)
    with pytest.raises(SlackApiError):
        await post(web, slack)
    slack.faults.refuse("chat.postMessage", "restricted_action")
    with pytest.raises(SlackApiError, match="restricted_action"):
        await post(web, slack)
    assert slack.messages("product") == []
    slack.faults.refuse("*", "internal_error", times=100)
    slack.faults.clear()
    await post(web, slack)


async def test_a_hanging_call_is_let_go(slack: FakeSlack) -> None:
    impatient = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, timeout=1)
    impatient.retry_handlers.clear()
    hanging = slack.faults.hang("chat.postMessage")
    call = asyncio.create_task(post(impatient, slack))
    await slack.wait_until(lambda: hanging.happened)
    assert not call.done()
    hanging.until.set()
    with pytest.raises(aiohttp.ClientError):
        await call
    assert slack.messages("product") == []


async def test_slack_is_down_and_comes_back(slack: FakeSlack, web: AsyncWebClient) -> None:
    web.retry_handlers.clear()
    await post(web, slack)
    await slack.listening.down()
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(web, slack)
    await slack.listening.up()
    await post(web, slack)
    assert len(slack.messages("product")) == 2

import assert from "node:assert/strict";
import { test } from "node:test";
import { NotAllowed, readFigures } from "../src/api.js";

const ASKED = { account: "a/b", token: "t", metric: "orders", today: new Date("2026-11-20T12:00:00Z") };

function answering(status, body = {}) {
  const asked = [];
  const fetcher = async (url, how) => {
    asked.push([url, how]);
    return { status, ok: status === 200, json: async () => body };
  };
  return [asked, fetcher];
}

test("it asks for the last thirty days of one's own account", async () => {
  const [asked, fetcher] = answering(200, { points: [1] });
  assert.deepEqual(await readFigures(fetcher, ASKED), [1]);
  assert.equal(asked[0][0], "/accounts/a%2Fb/figures/orders?since=2026-10-22&until=2026-11-20");
  assert.equal(asked[0][1].headers.Authorization, "Bearer t");
});

test("it says what was refused", async () => {
  await assert.rejects(readFigures(answering(403)[1], ASKED), NotAllowed);
  await assert.rejects(readFigures(answering(500)[1], ASKED), /could not be read \(500\)/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { staleBanner, tile } from "../src/tiles.js";

const POINTS = [
  { day: "2026-11-19", value: "1999.90", computed: "2026-11-20T09:00:00+00:00" },
  { day: "2026-11-20", value: "0.1", computed: "2026-11-20T11:00:00+00:00" },
];

test("money is added up in cents", () => {
  assert.equal(tile("order_value", POINTS).value, "2,000.00");
  assert.equal(tile("refunds", [{ ...POINTS[0], value: "5" }]).value, "5.00");
});

test("counts are whole", () => {
  const counted = POINTS.map((point) => ({ ...point, value: "7" }));
  assert.deepEqual(tile("orders", counted), {
    title: "Orders",
    value: "14",
    computed: "As of 2026-11-20 11:00 UTC",
  });
});

test("no figures are no zero", () => {
  assert.deepEqual(tile("active_users", []), { title: "Active users", value: "–", computed: "No figures yet" });
});

test("there are no other tiles", () => {
  assert.throws(() => tile("profit", POINTS), /no metric profit/);
});

test("old figures say so", () => {
  assert.equal(staleBanner(POINTS, new Date("2026-11-20T13:00:00Z")), null);
  assert.equal(
    staleBanner(POINTS, new Date("2026-11-20T13:00:01Z")),
    "These figures are from 2026-11-20 11:00 UTC.",
  );
  assert.equal(staleBanner([], new Date()), null);
});

import { readFigures } from "../src/api.js";
import { staleBanner, tile } from "../src/tiles.js";

const METRICS = ["orders", "order_value", "refunds", "active_users"];
const { account, token } = window.session;

const points = await Promise.all(METRICS.map((metric) => readFigures(fetch, { account, token, metric })));
const tiles = document.querySelector("#tiles");
METRICS.forEach((metric, number) => {
  const shown = tile(metric, points[number]);
  const item = document.createElement("li");
  item.className = "tile";
  const value = document.createElement("strong");
  value.textContent = shown.value;
  item.append(shown.title, value, shown.computed);
  tiles.append(item);
});
const banner = staleBanner(points.flat(), new Date());
const stale = document.querySelector("#stale");
stale.hidden = banner === null;
stale.textContent = banner ?? "";

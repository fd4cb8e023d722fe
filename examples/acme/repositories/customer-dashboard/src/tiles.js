// What the overview's tiles show.

const TITLES = {
  orders: "Orders",
  order_value: "Order value",
  refunds: "Refunds",
  active_users: "Active users",
};
const MONEY = new Set(["order_value", "refunds"]);
const STALE_AFTER = 2 * 3_600_000;

/** A tile of a metric's days: its title, its value as it is read, and when it was computed. */
export function tile(metric, points) {
  if (!(metric in TITLES)) throw new Error(`There is no metric ${metric}.`);
  if (points.length === 0) return { title: TITLES[metric], value: "–", computed: "No figures yet" };
  const newest = points.map((point) => point.computed).sort().at(-1);
  return {
    title: TITLES[metric],
    value: MONEY.has(metric) ? money(cents(points)) : String(whole(points)),
    computed: `As of ${newest.slice(0, 16).replace("T", " ")} UTC`,
  };
}

/** What to say of figures that are older than two hours; null of others, and of none. */
export function staleBanner(points, now) {
  if (points.length === 0) return null;
  const newest = points.map((point) => point.computed).sort().at(-1);
  const age = now.getTime() - new Date(newest).getTime();
  return age > STALE_AFTER ? `These figures are from ${newest.slice(0, 16).replace("T", " ")} UTC.` : null;
}

function whole(points) {
  return points.reduce((sum, point) => sum + Number(point.value), 0);
}

function cents(points) {
  return points.reduce((sum, point) => {
    const [units, rest = ""] = point.value.split(".");
    return sum + BigInt(units) * 100n + BigInt(rest.padEnd(2, "0").slice(0, 2));
  }, 0n);
}

function money(sum) {
  const units = (sum / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${units}.${(sum % 100n).toString().padStart(2, "0")}`;
}

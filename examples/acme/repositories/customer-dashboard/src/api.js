// The dashboard API, as the pages ask it.

export class NotAllowed extends Error {}

/** The days of a metric, the last 30 unless said otherwise. `fetcher` is `fetch`. */
export async function readFigures(fetcher, { account, token, metric, days = 30, today = new Date() }) {
  const until = day(today);
  const since = day(new Date(today.getTime() - (days - 1) * 86_400_000));
  const path = `/accounts/${encodeURIComponent(account)}/figures/${encodeURIComponent(metric)}`;
  const answer = await fetcher(`${path}?since=${since}&until=${until}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  if (answer.status === 403) throw new NotAllowed("These are another account's figures.");
  if (!answer.ok) throw new Error(`The figures could not be read (${answer.status}).`);
  return (await answer.json()).points;
}

function day(moment) {
  return moment.toISOString().slice(0, 10);
}

// Helpers for tests with Playwright, or any other runner: what became of an event, from the
// debugger of the API (`ugc up` has one). It needs nothing but fetch.
//
//   import { debugEvents } from "./expect-event.mjs";
//   const ugc = debugEvents("http://127.0.0.1:8000", { tag: "checkout" });
//   await page.setExtraHTTPHeaders(ugc.headers);   // or the tracker's option debug: "checkout"
//   await ugc.reset();
//   await page.click("text=Buy");
//   await ugc.expectEvent("order_placed", { data: { currency: "EUR" } });
//   await ugc.expectNoRejected();

const isLike = (found, wanted) =>
  wanted !== null && typeof wanted === "object" && !Array.isArray(wanted)
    ? found !== null && typeof found === "object" &&
      Object.entries(wanted).every(([name, value]) => isLike(found[name], value))
    : JSON.stringify(found) === JSON.stringify(wanted);

const told = (event) =>
  `  ${event.event ?? "unknown event"}: ${event.outcome}` +
  (event.problem ? `, ${event.problem.detail}` : "") + ` ${JSON.stringify(event.sent?.data ?? event.sent)}` +
  (event.problem?.violations ?? []).map((each) => `\n    ${each.pointer || "/"} ${each.message}`).join("");

/**
 * @param {string} url of the API
 * @param {{tag?: string, key?: string, timeout?: number}} options `timeout` in milliseconds
 */
export function debugEvents(url, { tag, key, timeout = 5000 } = {}) {
  const sent = key === undefined ? {} : { "X-UGC-Debug-Key": key };
  const base = url.replace(/\/$/, "");

  async function ask(path, query, method = "GET") {
    const given = { ...query, ...(tag === undefined ? {} : { tag }) };
    const response = await fetch(`${base}${path}?${new URLSearchParams(given)}`, { method, headers: sent });
    if (!response.ok) throw new Error(`the debugger at ${base} answers ${response.status}: ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  const events = async (query = {}) => (await ask("/debug/events", { limit: "1000", ...query })).events;

  async function waitFor(find, failed, milliseconds = timeout) {
    const until = Date.now() + milliseconds;
    for (;;) {
      const found = await find();
      if (found !== undefined) return found;
      if (Date.now() >= until) throw new Error(await failed());
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  return {
    /** What the page under test has to send with its events. */
    headers: tag === undefined ? {} : { "X-UGC-Debug": tag },
    events,
    /** Forgets the events with the tag; all events where there is none. */
    reset: () => ask("/debug/reset", {}, "POST"),
    /** Waits for an event; `data` is what its data has among other things. Gives the newest. */
    async expectEvent(event, { data = {}, outcome = "accepted", timeout: longest } = {}) {
      const find = async () => (await events({ event, outcome })).find((each) => isLike(each.sent?.data ?? {}, data));
      const failed = async () =>
        `no ${outcome} event ${event} with ${JSON.stringify(data)} came; these did:\n` +
        ((await events()).map(told).join("\n") || "  none");
      return waitFor(find, failed, longest);
    },
    /** Waits until an event has come to its end: its row, as a rule. Gives the stages and the row. */
    async expectRow(eventId, { timeout: longest = 60_000 } = {}) {
      const follow = () => ask(`/debug/follow/${eventId}`, {});
      return waitFor(
        async () => { const found = await follow(); return found.row ? found : undefined; },
        async () => `${eventId} has no row: ${JSON.stringify((await follow()).stages)}`,
        longest,
      );
    },
    /** Fails when any event was rejected, and says why. */
    async expectNoRejected() {
      const found = await events({ outcome: "rejected" });
      if (found.length) throw new Error(`rejected:\n${found.map(told).join("\n")}`);
    },
  };
}

/**
 * Delivery of the light build: from memory alone.  What the API has not answered when the page goes
 * is lost, unless it was sent on leaving.  A refused token is not asked for anew, and a wait is as
 * long as the API says or grows, as in `sender.ts`.
 */
import type { Entry } from "./queue.js";
import type { Delivery } from "./tracker.js";
import type { Answer, Options } from "./types.js";
import type { Visitors } from "./visitor.js";
import { addressOf, answersOf, BATCH_BYTES, type Result, type Token, written } from "./wire.js";

const MOST_EVENTS = 1_000;
const AROUND_BYTES = 60;

export function createMemory(options: Options, visitors: Visitors): Delivery {
  let waiting: Entry[] = [];
  let under_way = 0;
  let token: Token;
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function post(): Promise<void> {
    let room = BATCH_BYTES;
    const batch = waiting.filter(
      ({ b }, at) => (room -= b + AROUND_BYTES + (token || "").length) > 0 || !at,
    );
    const { debug, fields = [] } = options;
    let answer: Response | undefined;
    let results: Result[] | undefined;
    waiting = waiting.slice(batch.length);
    under_way += batch.length;
    try {
      answer = await fetch(addressOf(options), {
        method: "POST",
        body: written(batch, token, visitors.read().a, fields),
        ...(typeof debug == "string" && { headers: { "X-UGC-Debug": debug } }),
        keepalive: true,
        credentials: "omit",
      });
      const { ok, status } = answer;
      results = ok ? (await answer.json()).results : batch.map(() => ({ status }));
    } catch {}
    under_way -= batch.length;
    const said = answersOf(batch, results);
    const over = said.filter(({ status }) => status);
    const again = batch.filter((_, at) => !said[at]!.status);
    waiting = again.concat(waiting);
    tries = again[0] ? tries + 1 : 0;
    const asked = +(answer?.headers.get("Retry-After") || 0);
    if (waiting[0]) schedule(tries && 1000 * (asked || Math.min(60, 2 ** tries)) * (1 + Math.random() / 4));
    if (over[0]) options.onAnswer?.(over as Answer[]);
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (under_way || !waiting[0]) return;
    under_way++;
    try {
      token = await options.token?.(false);
    } catch {
      return schedule(1000 * Math.min(60, 2 ** ++tries));
    } finally {
      under_way--;
    }
    await post();
  }

  function schedule(ms: number): void {
    timer ??= setTimeout(flush, ms);
  }

  return {
    add: (entry) => waiting.length < MOST_EVENTS && !!waiting.push(entry),
    count: () => waiting.length + under_way,
    schedule,
    flush,
    leave: () => void (waiting[0] && post()),
    online: flush,
    turn(on) {
      if (!on) waiting = [];
    },
  };
}

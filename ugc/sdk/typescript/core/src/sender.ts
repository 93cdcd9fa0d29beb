/**
 * Takes events out of the queue in batches, sends them, and does what the status of the answer says.
 *
 * An event leaves the queue when the API has said that it is stored or never will be.  Until then it
 * is sent again under the same `event_id`, by which the API knows it.
 */
import type { Exclusive } from "./lock.js";
import type { Entry, Queue } from "./queue.js";
import type { Delivery } from "./tracker.js";
import type { Answer, Options } from "./types.js";
import type { StoredVisitor } from "./visitor.js";
import {
  addressOf,
  answersOf,
  BATCH_BYTES,
  BATCH_EVENTS,
  fitting,
  LONGEST_ASKED_MS,
  pauseAfter,
  type Result,
  type Token,
  verdict,
  written,
} from "./wire.js";

const PACK_FROM_BYTES = 2_048;
const TIMEOUT_MS = 30_000;

/** What the whole build has and the light one has not. */
export interface Parts {
  exclusive: Exclusive;
  gzip: (text: string) => Promise<Blob | undefined>;
  explain: (url: string, answer: Answer) => void;
}

export function createSender(
  options: Options,
  name: string,
  queue: Queue,
  visitors: StoredVisitor,
  parts: Parts,
): Delivery {
  const { url = "", debug, fields = [] } = options;
  const address = addressOf(options);
  /** `event_id`s and bytes that are on their way. */
  const busy = new Set<string>();
  let under_way = 0;
  let token: Token;
  /** A token was refused, and the next is a new one. */
  let refresh = false;
  let most = BATCH_EVENTS;
  let tries = 0;
  let until = 0;
  let on = true;
  let running: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let letGo: (() => void) | undefined;

  function take(entries: Entry[], room: number): Entry[] {
    const free = entries.filter((entry) => !busy.has(entry.e.event_id));
    return free.slice(0, fitting(free, most, room, token));
  }

  function told(entries: Entry[], results: Result[]): void {
    const answers = answersOf(entries, results) as Answer[];
    if (debug) answers.map((answer) => parts.explain(url, answer));
    // What is thrown in there is the page's own affair.
    if (answers[0]) queueMicrotask(() => options.onAnswer?.(answers));
  }

  /** Does what was said of each; true when some have to be tried again, `wait` later. */
  async function settle(batch: Entry[], results: Result[]): Promise<boolean> {
    let later = false;
    const refused = refresh;
    const over: Entry[] = [];
    const said: Result[] = [];
    batch.forEach((entry, at) => {
      const result = results[at]!;
      if (result.status == 401 && options.token && !refused) refresh = true;
      else if (verdict(result.status)) {
        over.push(entry);
        said.push(result);
      } else later = true;
    });
    await queue.remove(over);
    told(over, said);
    return later;
  }

  /** Sends a batch; true when it may go on at once, false when it has to wait. */
  async function post(batch: Entry[], leaving?: boolean): Promise<boolean> {
    const text = written(batch, token, visitors.read().a, fields);
    let body: string | Blob = text;
    let size = new Blob([text]).size;
    const headers: Record<string, string> = { "Content-Type": "text/plain" };
    let answer: Response | undefined;
    let results: Result[] | undefined;
    const free = () => batch.map((entry) => busy.delete(entry.e.event_id));
    batch.map((entry) => busy.add(entry.e.event_id));
    if (leaving && !("keepalive" in Request.prototype)) {
      // Its answer is never seen: if the page lives on, they are sent again.
      navigator.sendBeacon(address, text);
      setTimeout(free, TIMEOUT_MS);
      return true;
    }
    try {
      if (debug && debug != true) headers["X-UGC-Debug"] = debug;
      const packed = !leaving && size > PACK_FROM_BYTES && (await parts.gzip(text));
      if (packed) {
        body = packed;
        size = packed.size;
        headers["Content-Encoding"] = "gzip";
      }
      const keepalive = under_way + size <= BATCH_BYTES;
      under_way += size;
      try {
        answer = await fetch(address, {
          method: "POST",
          body,
          headers,
          keepalive,
          credentials: "omit",
          ...(AbortSignal.timeout && { signal: AbortSignal.timeout(TIMEOUT_MS) }),
        });
        const { status } = answer;
        const json = await answer.json().catch(() => 0);
        // A sign-in page of a hotel is a 200 as well, and no answer.
        if (answer.ok) results = json.results;
        else if (status == 413 && batch[1]) {
          most = batch.length >> 1;
          return true;
        } else if (verdict(status)) {
          results = batch.map(() => ({ status, problem: { status, ...json } }));
        }
      } catch {
        // No answer: offline, or too late.
      } finally {
        under_way -= size;
      }
      if (results?.length == batch.length && !(await settle(batch, results))) {
        tries = 0;
        return true;
      }
    } finally {
      free();
    }
    pause(answer);
    return false;
  }

  function pause(answer: Response | undefined): void {
    const { asked, ms } = pauseAfter(answer, tries++);
    until = Date.now() + ms;
    // No tab, and no page after this one, comes earlier than the API wants.
    if (asked > 0 && on) visitors.write({ w: until });
  }

  /** How long the API still wants to be left alone, in ms. */
  function askedFor(): number {
    const left = visitors.read().w - Date.now();
    return left <= LONGEST_ASKED_MS ? left : 0;
  }

  async function drain(): Promise<void> {
    // A longer wait than what comes of this is over.
    clearTimeout(timer);
    timer = undefined;
    for (let goes_on = true; on && goes_on; ) {
      const wait = Math.max(until - Date.now(), askedFor());
      if (wait > 0) return schedule(wait);
      const asked = refresh;
      try {
        token = await options.token?.(asked);
      } catch {
        pause(undefined);
        continue;
      }
      let released = false;
      const work = async () => {
        const batch = take(await queue.all(), BATCH_BYTES);
        goes_on = !released && !!batch[0];
        if (!goes_on) return;
        await post(batch);
        if (asked) refresh = false;
      };
      const left = new Promise<void>((done) => {
        letGo = () => {
          // A page that asked for the lock once more would not be kept by the browser.
          goes_on = !(released = true);
          done();
        };
      });
      await parts.exclusive(name, () => Promise.race([work(), left]));
    }
  }

  function schedule(ms: number): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flush();
    }, ms);
  }

  function flush(): Promise<void> {
    return (running ??= drain().finally(() => (running = undefined)));
  }

  return {
    add: queue.add,
    count: queue.count,
    schedule,
    flush,
    leave(): void {
      queue.hurry();
      const room = BATCH_BYTES - under_way;
      // While the API wants to be left alone, what is stored can wait for the next page.
      const alone = askedFor() > 0;
      const batch = take(
        [...queue.own.values()].filter(({ e }) => !alone || !queue.kept.has(e.event_id)),
        room,
      );
      const fits = batch[1] || batch[0]?.b! < room;
      if (fits && (!options.token || token !== undefined)) void post(batch, true);
    },
    release(): void {
      letGo?.();
      queue.close();
    },
    online(): void {
      until = 0;
      void flush();
    },
    turn(now: boolean): void {
      on = now;
      if (!on) void queue.clear(visitors.read().a);
    },
  };
}

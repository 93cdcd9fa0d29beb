/**
 * Takes events out of the queue in batches, sends them, and does what the status of the answer says.
 *
 * An event leaves the queue when the API has said that it is stored or never will be.  Until then it
 * is sent again under the same `event_id`, by which the API knows it.
 */
import type { Exclusive } from "./lock.js";
import type { Entry, Queue } from "./queue.js";
import type { Answer, Options, Problem } from "./types.js";
import type { Visitors } from "./visitor.js";

/** What browsers let a page that is left have on its way is 64 KiB. */
const BATCH_BYTES = 60_000;
const BATCH_EVENTS = 500;
/** Of an event beside its own JSON and the token: `"token":"",`, the number, a comma. */
const AROUND_BYTES = 60;
const PACK_FROM_BYTES = 2_048;
const TIMEOUT_MS = 30_000;
const LONGEST_WAIT_MS = 60_000;
/** What the API may ask for; a longer wait that was stored is a clock that was turned back. */
const LONGEST_ASKED_MS = 3_600_000;

/** Nothing like it will ever be stored (docs/api.md). All others are tried again. */
const FINAL = [400, 401, 403, 409, 413, 415, 422];

/** What the whole build has and the light one has not. */
export interface Parts {
  exclusive: Exclusive;
  gzip: (text: string) => Promise<Blob | undefined>;
  explain: (url: string, answer: Answer) => void;
}

interface Result {
  status: number;
  duplicate?: boolean;
  problem?: Problem;
}

export function createSender(
  options: Options,
  name: string,
  queue: Queue,
  visitors: Visitors,
  parts: Partial<Parts>,
) {
  const { url = "", key, debug } = options;
  const address = url + "/api/v1/events/batch" + (key ? "?key=" + encodeURIComponent(key) : "");
  /** `event_id`s and bytes that are on their way. */
  const busy = new Set<string>();
  let under_way = 0;
  let token: string | null | undefined;
  /** A token was refused, and the next is a new one. */
  let refresh = false;
  let most = BATCH_EVENTS;
  let tries = 0;
  let until = 0;
  let on = true;
  let running: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let letGo: (() => void) | undefined;

  /** The next batch. One event that has no room by itself is sent alone, for the API to refuse. */
  function take(entries: Entry[], room: number, leaving?: boolean): Entry[] {
    const taken: Entry[] = [];
    for (const entry of entries) {
      if (busy.has(entry.e.event_id)) continue;
      room -= entry.b + AROUND_BYTES + (token || "").length;
      if (taken.length >= most || (room < 0 && (leaving || taken[0]))) break;
      taken.push(entry);
    }
    return taken;
  }

  function written(entries: Entry[]): string {
    const fields = options.fields || [];
    const visitor = visitors.read().a;
    const events = entries.map((entry) => ({
      ...entry.e,
      // Whoever has signed in since a visitor left is another.
      token: (entry.a == visitor && token) || null,
      ...(entry.e.context && {
        context: { ...entry.e.context, sequence: fields.includes("sequence") ? entry.n : undefined },
      }),
    }));
    return JSON.stringify(fields[0] ? { sent_at: new Date(), events } : events);
  }

  function told(entries: Entry[], results: Result[]): void {
    const answers = entries.map(({ e }, at): Answer => {
      const { status, duplicate, problem } = results[at]!;
      return {
        event: e.event,
        event_id: e.event_id,
        status: status < 300 ? "accepted" : "rejected",
        ...(duplicate && { duplicate }),
        ...(problem && { problem }),
      };
    });
    if (debug) answers.map((answer) => parts.explain?.(url, answer));
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
      else if (result.status < 300 || FINAL.includes(result.status)) {
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
    const text = written(batch);
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
      const packed = !leaving && size > PACK_FROM_BYTES && (await parts.gzip?.(text));
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
        } else if (FINAL.includes(status)) {
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

  /** After no answer, or one that says to come again. */
  function pause(answer: Response | undefined): void {
    const said = answer?.headers.get("Retry-After");
    const grows = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** tries++) * (0.5 + Math.random() / 2);
    const asked = said ? +said * 1000 || Date.parse(said) - Date.now() : 0;
    const wait = asked > 0 ? asked * (1 + Math.random() / 10) : grows;
    until = Date.now() + Math.min(wait, LONGEST_ASKED_MS);
    // No tab, and no page after this one, comes earlier than the API wants.
    if (asked > 0 && on) visitors.write({ w: until });
  }

  async function drain(): Promise<void> {
    for (let goes_on = true; on && goes_on; ) {
      const { w } = visitors.read();
      const now = Date.now();
      const wait = Math.max(until, w - now <= LONGEST_ASKED_MS ? w : 0) - now;
      if (wait > 0) return schedule(wait);
      const asked = refresh;
      try {
        token = await options.token?.(asked);
      } catch {
        pause(undefined);
        continue;
      }
      const work = async () => {
        const batch = take(await queue.all(), BATCH_BYTES);
        goes_on = !!batch[0];
        if (!goes_on) return;
        await post(batch);
        if (asked) refresh = false;
      };
      const released = () => Promise.race([work(), new Promise<void>((done) => (letGo = done))]);
      await (parts.exclusive ? parts.exclusive(name, released) : work());
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
    schedule,
    flush,
    /** The page may not come back: sends what of it is not under way, without waiting for anything. */
    leave(): void {
      const batch = take([...queue.own.values()], BATCH_BYTES - under_way, true);
      if (batch[0] && (!options.token || token !== undefined)) void post(batch, true);
    },
    /** Nothing may be held while the browser keeps the page. */
    release(): void {
      letGo?.();
      queue.close();
    },
    /** The network is back: what waits for no more than that is sent. */
    online(): void {
      until = 0;
      void flush();
    },
    turn(now: boolean): void {
      on = now;
    },
  };
}

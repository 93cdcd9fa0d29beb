// A browser as far as the tracker needs one: pages of one origin that share storage and locks, and an
// API that answers what a test says. Each page loads the committed bundle into a realm of its own.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";
import vm from "node:vm";

const dist = process.env.UGC_TRACKER_DIST;
const modules = createRequire(join(process.env.UGC_NODE_MODULES, "x.js"));

/** localStorage; `full` makes it refuse every write. */
export function storage() {
  const items = new Map();
  const methods = {
    getItem: (key) => items.get(key) ?? null,
    setItem(key, value) {
      if (items.full) throw new DOMException("full", "QuotaExceededError");
      items.set(key, String(value));
    },
    removeItem: (key) => void items.delete(key),
  };
  return new Proxy(items, {
    get: (_, key) => methods[key] ?? items.get(key),
    set(_, key, value) {
      if (key === "full") items.full = value;
      else methods.setItem(key, value);
      return true;
    },
    ownKeys: () => [...items.keys()],
    getOwnPropertyDescriptor: (_, key) =>
      items.has(key) ? { value: items.get(key), enumerable: true, configurable: true } : undefined,
  });
}

/** Web Locks of one origin: one holder of a name, the others in a row. */
export function locks() {
  const rows = new Map();
  return {
    request(name, work) {
      const result = (rows.get(name) ?? Promise.resolve()).then(() => work({ name }));
      rows.set(name, result.catch(() => {}));
      return result;
    },
  };
}

/** An API that knows `event_id`s. `say` is asked first, and may answer in its place, or throw. */
export function api() {
  const it = {
    requests: [],
    /** event_id → how often it was accepted for the first time: a row. */
    rows: new Map(),
    repeated: 0,
    say: async () => undefined,
    async fetch(url, init) {
      const request = { url, ...init, events: await eventsOf(init) };
      it.requests.push(request);
      const said = await it.say(request, it.requests.length);
      if (said) return said;
      return it.accept(request);
    },
    accept({ events, around }) {
      const results = events.map((event) => it.result(event));
      return answer(207, { accepted: results.length, refused: 0, results });
    },
    result(event) {
      const duplicate = it.rows.has(event.event_id);
      if (duplicate) it.repeated++;
      else it.rows.set(event.event_id, event);
      return { status: 202, event_id: event.event_id, event: event.event, ...(duplicate && { duplicate }) };
    },
  };
  return it;
}

async function eventsOf({ body, headers = {} }) {
  const bytes = typeof body === "string" ? Buffer.from(body) : Buffer.from(await body.arrayBuffer());
  const { gunzipSync } = await import("node:zlib");
  const text = (headers["Content-Encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString();
  const read = JSON.parse(text);
  return Array.isArray(read) ? read : Object.assign(read.events, { sent_at: read.sent_at });
}

export const answer = (status, json, headers = {}) =>
  new Response(typeof json === "string" ? json : JSON.stringify(json), { status, headers });

/** One origin; its pages have what `without` does not take away. */
export function origin({ without = [], bundle = "tracker.js", server = api() } = {}) {
  const shared = { localStorage: storage(), locks: locks(), indexedDB: database() };
  const script = new vm.Script(readFileSync(join(dist, bundle), "utf8"), { filename: bundle });
  return {
    server,
    shared,
    page: (url = "https://shop.example.org/a") => page(script, shared, server, url, without),
  };
}

function database() {
  const { IDBFactory } = modules("fake-indexeddb");
  return new IDBFactory();
}

function page(script, shared, server, url, without) {
  const listeners = {};
  const on = (name, act) => (listeners[name] ??= []).push(act);
  const location = new URL(url);
  const go = (to) => {
    location.href = new URL(to, location.href).href;
  };
  let die;
  const gone = new Promise((done) => (die = done));
  // A browser takes from a page that is gone what it holds.
  const own = {
    request(name, work) {
      const held = shared.locks.request(name, () => (it.dead ? undefined : Promise.race([work(), gone])));
      return held.then((result) => (it.dead ? new Promise(() => {}) : result));
    },
  };
  const realm = {
    ...{ AbortSignal, Blob, CompressionStream, Request, Response, URL, queueMicrotask },
    ...{ clearTimeout, crypto },
    // A page that tries again for ever keeps no test from ending.
    setTimeout: (act, ms) => setTimeout(act, ms).unref(),
    console: { warn: (text) => it.warnings.push(text) },
    location,
    navigator: { language: "nl-NL", locks: own, sendBeacon: (to, body) => it.beacon(to, body) },
    document: { referrer: "", visibilityState: "visible", addEventListener: on },
    history: { pushState: (_, __, to) => go(to), replaceState: (_, __, to) => go(to) },
    addEventListener: on,
    fetch: (to, init) => it.fetch(to, init),
    localStorage: shared.localStorage,
    indexedDB: shared.indexedDB,
  };
  for (const name of without) {
    if (name === "locks") delete realm.navigator.locks;
    else if (name === "localStorage" || name === "indexedDB")
      Object.defineProperty(realm, name, {
        get() {
          throw new DOMException("denied", "SecurityError");
        },
      });
    else delete realm[name];
  }
  const it = {
    realm,
    warnings: [],
    beacons: [],
    dead: false,
    /** A page that is gone hears no answer, though the API may have heard it. */
    fetch: (to, init) =>
      new Promise((done, fail) =>
        server.fetch(to, init).then(
          (answered) => it.dead || done(answered),
          (error) => it.dead || fail(error),
        ),
      ),
    beacon(to, body) {
      it.beacons.push(body);
      server.fetch(to, { body }).catch(() => {});
      return true;
    },
    fire: (name, event = {}) => (listeners[name] ?? []).forEach((act) => act(event)),
    see(state) {
      realm.document.visibilityState = state;
      it.fire("visibilitychange");
    },
    /** The tab is closed; `killed` when not even the page hears of it. */
    close({ killed = false, persisted = false } = {}) {
      if (!killed) {
        it.see("hidden");
        it.fire("pagehide", { persisted });
      }
      it.dead = !persisted;
      if (it.dead) die();
    },
  };
  vm.createContext(realm);
  script.runInContext(realm);
  it.tracker = (options) => realm.ugc.createTracker(options);
  return it;
}

/** Ends when the condition holds; the test's own time-out is its only patience. */
export async function until(condition) {
  while (!(await condition())) await new Promise((done) => setTimeout(done, 5));
}

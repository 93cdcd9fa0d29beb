import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answer, origin, until } from "./browser.mjs";

const FIELDS = ["anonymous_id", "session_id", "occurred_at", "sequence", "page_url"];
const PAIRS = { visit: { start: "opened", end: "left", id: "visit_id", shared: ["visit_id", "kind"] } };
const PROJECT = { fields: FIELDS, pairs: PAIRS, pages: { pair: "visit", type: "kind" } };

const PROBLEM = {
  status: 422,
  code: "data_invalid",
  title: "Data invalid",
  detail: "`data` does not fit",
  violations: [{ pointer: "/data/a", keyword: "type", message: "is no text", expected: "string" }],
};

const numbers = (server) => [...server.rows.values()].map((row) => row.context.sequence);
const upTo = (most) => Array.from({ length: most }, (_, at) => at + 1);
const names = (server) => [...server.rows.values()].map((row) => row.event);

function held() {
  let let_go;
  const gate = new Promise((done) => (let_go = done));
  return { gate, let_go };
}

describe("the tracker", { concurrency: true, timeout: 120_000 }, () => {
  test("a tab that is killed before the answer loses nothing, and its event counts once", { timeout: 60_000 }, async () => {
    const here = origin();
    const first = here.page();
    const { gate, let_go } = held();
    here.server.say = async (request, number) => {
      if (number === 1) {
        here.server.accept(request);
        first.close({ killed: true });
        await gate;
      }
    };
    first.tracker(PROJECT).track("clicked", { a: "x" });
    await until(() => first.dead);
    const second = here.page().tracker(PROJECT);
    await until(() => here.server.repeated === 1);
    await until(() => second.queued() === 0);
    let_go();
    assert.equal(here.server.rows.size, 1);
  });

  test("a tab that is killed before it sends leaves its events to the next page", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    const tracker = page.tracker(PROJECT);
    page.fetch = () => new Promise(() => {});
    for (const at of upTo(20)) tracker.track("clicked", { at });
    await new Promise((done) => setTimeout(done, 50));
    page.close({ killed: true });
    here.page().tracker(PROJECT).track("clicked", {});
    await until(() => here.server.rows.size === 21);
    assert.deepEqual(numbers(here.server).sort((a, b) => a - b), upTo(21));
  });

  test("what is sent on leaving needs no answer, and is repeated under its event_id", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    page.tracker(PROJECT).track("clicked", {});
    page.close();
    assert.equal(here.server.requests.length, 0); // fetch was called, and reads its body later
    await until(() => here.server.rows.size === 1);
    assert.equal(here.server.requests[0].keepalive, true);
    const next = here.page().tracker(PROJECT);
    await until(() => here.server.repeated === 1);
    await until(() => next.queued() === 0);
    assert.equal(here.server.rows.size, 1);
  });

  test("a browser without keepalive sends a beacon", { timeout: 60_000 }, async () => {
    const here = origin({ without: ["Request"] });
    const page = here.page();
    page.realm.Request = class {};
    page.tracker({ ...PROJECT, key: "web-12345678" }).track("clicked", {});
    page.close();
    await until(() => here.server.rows.size === 1);
    assert.equal(page.beacons.length, 1);
    assert.match(here.server.requests[0].url, /\/api\/v1\/events\/batch\?key=web-12345678$/);
  });

  test("a refused event is told and never repeated, and hurts no other", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    const told = [];
    here.server.say = async ({ events }) => {
      const results = events.map((event) =>
        event.event === "bad" ? { status: 422, problem: PROBLEM } : here.server.result(event),
      );
      return answer(207, { results });
    };
    const tracker = page.tracker({ ...PROJECT, debug: true, url: "https://ugc", onAnswer: (each) => told.push(...each) });
    tracker.track("bad", {});
    tracker.track("clicked", {});
    await tracker.flush();
    await tracker.flush();
    assert.equal(here.server.requests.length, 1);
    assert.deepEqual(told.map((each) => each.status), ["rejected", "accepted"]);
    assert.equal(told[0].problem.code, "data_invalid");
    assert.match(page.warnings[0], /\/data\/a: is no text \(expected: "string"\)/);
    assert.match(page.warnings[0], /https:\/\/ugc\/catalog\/events\/bad\//);
    assert.equal(tracker.queued(), 0);
  });

  for (const status of [408, 429, 500, 503])
    test(`a ${status} is tried again, not before Retry-After, also by another tab and page`, { timeout: 60_000 }, async () => {
      const here = origin();
      const times = [];
      here.server.say = async () => {
        times.push(Date.now());
        if (times.length === 1) return answer(status, "<html>", { "Retry-After": "1" });
      };
      const first = here.page();
      const tracker = first.tracker(PROJECT);
      const id = tracker.track("clicked", {});
      await tracker.flush();
      here.page().tracker(PROJECT);
      first.close({ killed: true });
      await until(() => here.server.rows.size === 1);
      assert.ok(times[1] - times[0] >= 1000, `${times[1] - times[0]} ms`);
      assert.deepEqual([...here.server.rows.keys()], [id]);
    });

  for (const without of [[], ["indexedDB", "localStorage", "locks"]])
    test(`a page that is left while the API wants to be left alone sends only what is not stored (without ${without.join(", ") || "nothing"})`, { timeout: 60_000 }, async () => {
      const here = origin({ without });
      here.server.say = async (_, number) => number === 1 && answer(503, "", { "Retry-After": "600" });
      const page = here.page();
      const tracker = page.tracker(PROJECT);
      tracker.track("clicked", {});
      await tracker.flush();
      page.close();
      await new Promise((done) => setTimeout(done, 100));
      assert.equal(here.server.rows.size, without.length ? 1 : 0);
    });

  test("what the database has not written when the page is left is in localStorage", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    page.realm.indexedDB.open = () => ({});
    page.fetch = () => new Promise(() => {});
    const id = page.tracker(PROJECT).track("clicked", {});
    page.close();
    assert.ok(here.shared.localStorage["ugc." + id]);
    delete here.shared.indexedDB.open;
    here.page().tracker(PROJECT);
    await until(() => here.server.rows.has(id));
    await until(() => here.shared.localStorage["ugc." + id] === undefined);
  });

  test("of a batch only what may be tried again is", { timeout: 60_000 }, async () => {
    const here = origin();
    here.server.say = async ({ events }, number) => {
      if (number > 1) return;
      const results = events.map((event, at) =>
        at ? here.server.result(event) : { status: 503, problem: { status: 503 } },
      );
      return answer(207, { results });
    };
    const tracker = here.page().tracker(PROJECT);
    const ids = upTo(3).map(() => tracker.track("clicked", {}));
    await until(() => here.server.requests.length === 2);
    await until(() => tracker.queued() === 0);
    assert.deepEqual(here.server.requests[1].events.map((each) => each.event_id), [ids[0]]);
    assert.equal(here.server.repeated, 0);
  });

  test("a 200 that is no answer, such as a hotel's sign-in page, takes nothing away", { timeout: 60_000 }, async () => {
    const here = origin();
    here.server.say = async (_, number) => (number === 1 ? answer(200, "<html>") : undefined);
    const tracker = here.page().tracker(PROJECT);
    tracker.track("clicked", {});
    await tracker.flush();
    assert.equal(tracker.queued(), 1);
    await until(() => here.server.rows.size === 1);
  });

  test("a 413 for many is tried with fewer; for one, with a page of HTML, it ends", { timeout: 60_000 }, async () => {
    const here = origin();
    const told = [];
    here.server.say = async ({ events }) =>
      events.length > 3 || events[0].event === "long" ? answer(413, "<html>") : undefined;
    const tracker = here.page().tracker({ ...PROJECT, onAnswer: (each) => told.push(...each) });
    tracker.track("long", {});
    await tracker.flush();
    for (const at of upTo(10)) tracker.track("clicked", { at });
    await tracker.flush();
    assert.equal(here.server.rows.size, 10);
    await until(() => told.length === 11);
    assert.equal(JSON.stringify(told[0].problem), '{"status":413}');
    assert.equal(tracker.queued(), 0);
  });

  test("a refused token is replaced once, and the event goes with the new one", { timeout: 60_000 }, async () => {
    const here = origin();
    const asked = [];
    here.server.say = async ({ events }) => {
      if (events[0].token === "new") return;
      return answer(207, { results: events.map(() => ({ status: 401, problem: { status: 401 } })) });
    };
    const token = async (refresh) => {
      asked.push(refresh);
      return refresh ? "new" : "old";
    };
    const tracker = here.page().tracker({ ...PROJECT, token });
    tracker.track("clicked", {});
    await tracker.flush();
    assert.deepEqual(asked.slice(0, 2), [false, true]);
    assert.equal([...here.server.rows.values()][0].token, "new");
  });

  test("a token that stays refused ends the event; one that cannot be had keeps it", { timeout: 60_000 }, async () => {
    const here = origin();
    here.server.say = async ({ events }) =>
      answer(207, { results: events.map(() => ({ status: 401, problem: { status: 401 } })) });
    let away = false;
    const token = async () => {
      if (away) throw new Error("offline");
      return "old";
    };
    const tracker = here.page().tracker({ ...PROJECT, token });
    tracker.track("clicked", {});
    await tracker.flush();
    assert.equal(here.server.requests.length, 2);
    assert.equal(tracker.queued(), 0);
    away = true;
    tracker.track("clicked", {});
    await tracker.flush();
    assert.equal(here.server.requests.length, 2);
    assert.equal(tracker.queued(), 1);
  });

  for (const without of [[], ["locks"], ["indexedDB"], ["locks", "indexedDB"]])
    test(`two tabs send no event twice (without ${without.join(", ") || "nothing"})`, { timeout: 60_000 }, async () => {
      const here = origin({ without });
      const { gate, let_go } = held();
      here.server.say = () => gate.then(() => undefined);
      const tabs = upTo(2).map(() => here.page().tracker(PROJECT));
      for (const at of upTo(50)) for (const tab of tabs) tab.track("clicked", { at });
      const done = tabs.map((tab) => tab.flush());
      await new Promise((after) => setTimeout(after, 100));
      let_go();
      await Promise.all(done);
      await until(() => here.server.rows.size === 100);
      assert.equal(here.server.repeated, 0);
      assert.deepEqual(numbers(here.server).sort((a, b) => a - b), upTo(100));
    });

  for (const without of [["indexedDB"], ["indexedDB", "localStorage", "locks"]])
    test(`events are sent where ${without.join(", ")} cannot be had`, { timeout: 60_000 }, async () => {
      const here = origin({ without });
      const tracker = here.page().tracker(PROJECT);
      for (const at of upTo(5)) tracker.track("clicked", { at });
      await tracker.flush();
      assert.equal(here.server.rows.size, 5);
      assert.equal(tracker.queued(), 0);
      await tracker.flush();
      assert.equal(here.server.requests.length, 1);
    });

  test("a full disk keeps events in memory", { timeout: 60_000 }, async () => {
    const here = origin({ without: ["indexedDB"] });
    const tracker = here.page().tracker(PROJECT);
    here.shared.localStorage.full = true;
    for (const at of upTo(5)) tracker.track("clicked", { at });
    await tracker.flush();
    assert.deepEqual(numbers(here.server), upTo(5));
    assert.equal(tracker.queued(), 0);
  });

  test("two tabs that took one number do not overwrite each other", { timeout: 60_000 }, async () => {
    const here = origin();
    const tabs = upTo(2).map(() => here.page().tracker(PROJECT));
    const before = { ...tabs[0].track("clicked", {}) && JSON.parse(here.shared.localStorage.ugc) };
    here.shared.localStorage.ugc = JSON.stringify({ ...before, n: 0 });
    tabs[1].track("clicked", {});
    await Promise.all(tabs.map((tab) => tab.flush()));
    await until(() => here.server.rows.size === 2);
    assert.deepEqual(numbers(here.server).sort(), [1, 2]);
  });

  test("a thousand events of an offline time go in batches below 64 KiB, packed", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    const online = page.fetch;
    page.fetch = async () => {
      throw new TypeError("offline");
    };
    const tracker = page.tracker(PROJECT);
    for (const at of upTo(1000)) tracker.track("clicked", { at, text: "x".repeat(200) });
    await tracker.flush();
    assert.equal(tracker.queued(), 1000);
    page.fetch = online;
    page.fire("online");
    await until(() => here.server.rows.size === 1000);
    for (const { events, headers } of here.server.requests) {
      assert.ok(JSON.stringify(events).length < 65_536);
      assert.equal(headers["Content-Encoding"], "gzip");
      assert.ok(Date.parse(events.sent_at));
    }
    assert.deepEqual(numbers(here.server), upTo(1000));
    await until(() => tracker.queued() === 0);
    assert.equal(here.server.repeated, 0);
  });

  test("a queue that is full drops what comes, and tells how many", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    page.fetch = async () => {
      throw new TypeError("offline");
    };
    let dropped = 0;
    const tracker = page.tracker({ ...PROJECT, onDrop: (count, why) => why === "full" && (dropped += count) });
    for (const at of upTo(2_010)) tracker.track("clicked", { at });
    assert.equal(dropped, 10);
    assert.equal(tracker.queued(), 2_000);
  });

  test("without consent nothing is stored or sent; withdrawn, what was stored goes", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    let dropped = 0;
    const tracker = page.tracker({ ...PROJECT, consent: false, onDrop: (count) => (dropped += count) });
    tracker.track("before", {});
    tracker.pageView("home");
    await tracker.flush();
    assert.equal(here.shared.localStorage.ugc, undefined);
    tracker.consent(true); // the page view begins now
    tracker.track("during", {});
    await tracker.flush();
    assert.deepEqual(names(here.server), ["opened", "during"]);
    tracker.track("unsent", {});
    tracker.consent(false);
    tracker.track("after", {});
    await new Promise((done) => setTimeout(done, 50));
    tracker.consent(true);
    await tracker.flush();
    assert.deepEqual(names(here.server), ["opened", "during"]);
    assert.equal(dropped, 1);
  });

  test("after reset another visitor begins, and what the first left bears no other's token", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    const online = page.fetch;
    let token = "first";
    const tracker = page.tracker({ ...PROJECT, token: () => token });
    page.fetch = async () => {
      throw new TypeError("offline");
    };
    tracker.track("of_first", {});
    await tracker.reset();
    token = "second";
    tracker.track("of_second", {});
    page.fetch = online;
    page.fire("online");
    await until(() => here.server.rows.size === 2);
    const [one, other] = ["of_first", "of_second"].map((name) =>
      [...here.server.rows.values()].find((row) => row.event === name),
    );
    assert.equal(one.token, null);
    assert.equal(other.token, "second");
    assert.notEqual(one.context.anonymous_id, other.context.anonymous_id);
    assert.deepEqual([one.context.sequence, other.context.sequence], [1, 1]);
  });

  test("a page view ends when the page is hidden, and another begins when it is seen again", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page();
    const tracker = page.tracker(PROJECT);
    const { id } = tracker.pageView("home");
    page.see("hidden");
    page.fire("pagehide", { persisted: true });
    await until(() => here.server.rows.size === 2);
    page.see("visible");
    page.fire("pageshow", { persisted: true });
    await tracker.flush();
    const rows = [...here.server.rows.values()];
    assert.deepEqual(names(here.server), ["opened", "left", "opened"]);
    assert.deepEqual(rows.slice(0, 2).map((row) => row.data), [
      { visit_id: id, kind: "home" },
      { visit_id: id, kind: "home" },
    ]);
    assert.notEqual(rows[2].data.visit_id, id);
    assert.equal(here.server.repeated, 0);
  });

  test("a new route ends the page view at its own address; a function names the next", { timeout: 60_000 }, async () => {
    const here = origin();
    const page = here.page("https://shop.example.org/a");
    const tracker = page.tracker(PROJECT);
    tracker.pageView(() => page.realm.location.pathname);
    page.realm.history.pushState(null, "", "/b");
    page.realm.history.replaceState(null, "", "/b?sorted=1");
    await tracker.flush();
    const told = [...here.server.rows.values()].map(({ event, data, context }) => [
      event,
      data.kind,
      new URL(context.page_url).pathname,
    ]);
    assert.deepEqual(told, [
      ["opened", "/a", "/a"],
      ["left", "/a", "/a"],
      ["opened", "/b", "/b"],
    ]);
  });

  test("a pair that the page begins ends once, with what the start said", { timeout: 60_000 }, async () => {
    const here = origin();
    const tracker = here.page().tracker(PROJECT);
    const begun = tracker.begin("visit", { kind: "basket" });
    begun.end();
    begun.end();
    await tracker.flush();
    const rows = [...here.server.rows.values()].map(({ event, data }) => ({ event, ...data }));
    assert.deepEqual(rows, [
      { event: "opened", visit_id: begun.id, kind: "basket" },
      { event: "left", visit_id: begun.id, kind: "basket" },
    ]);
  });

  test("an event is what it was when it was tracked, in the version of the package", { timeout: 60_000 }, async () => {
    const here = origin();
    const tracker = here.page().tracker({ versions: { clicked: 3 } });
    const data = { a: 1 };
    tracker.track("clicked", data);
    data.a = 2;
    tracker.track("clicked", data, { version: 2 });
    await tracker.flush();
    const rows = [...here.server.rows.values()].map(({ data, version, context }) => [data.a, version, context]);
    assert.deepEqual(rows, [[1, 3, undefined], [2, 2, undefined]]);
  });

  test("a tag for the debugger is a header, and the key is in the address", { timeout: 60_000 }, async () => {
    const here = origin();
    const tracker = here.page().tracker({ url: "https://ugc.example.com", key: "k", debug: "mine" });
    tracker.track("clicked", {});
    await tracker.flush();
    const [{ url, headers }] = here.server.requests;
    assert.equal(url, "https://ugc.example.com/api/v1/events/batch?key=k");
    assert.equal(headers["X-UGC-Debug"], "mine");
  });
});

describe("the light tracker", { concurrency: true, timeout: 120_000 }, () => {
  const light = () => origin({ bundle: "light.js", without: ["indexedDB"] });

  test("sends in batches, tries again under the same event_id, and tells what was refused", { timeout: 60_000 }, async () => {
    const here = light();
    const told = [];
    here.server.say = async ({ events }, number) => {
      if (number === 1) return answer(503, "", { "Retry-After": "1" });
      const results = events.map((event) =>
        event.event === "bad" ? { status: 422, problem: PROBLEM } : here.server.result(event),
      );
      return answer(207, { results });
    };
    const tracker = here.page().tracker({ ...PROJECT, onAnswer: (each) => told.push(...each) });
    tracker.track("bad", {});
    const id = tracker.track("clicked", {});
    await until(() => told.length === 2);
    assert.deepEqual([...here.server.rows.keys()], [id]);
    assert.deepEqual(told.map((each) => each.status), ["rejected", "accepted"]);
    assert.equal(tracker.queued(), 0);
    assert.deepEqual(here.server.requests[0].events.map((each) => each.context.sequence), [1, 2]);
  });

  test("ends the page view and sends all when the page is left", { timeout: 60_000 }, async () => {
    const here = light();
    const page = here.page();
    page.tracker(PROJECT).pageView("home");
    page.close();
    await until(() => here.server.rows.size === 2);
    assert.deepEqual(names(here.server), ["opened", "left"]);
    assert.equal(here.server.repeated, 0);
  });
});

// What becomes of each event: sent, answered, in Kafka, in its table. The first two are the page's
// own knowledge; the rest is told by the debugger of this API.

import { calm, el } from "./dom.js";
import * as tracking from "./tracking.js";

const MOST_SHOWN = 40;
const ROW_WAITS_MS = [300, 500, 700, 1000, 1500, 2000, 3000, 5000, 5000, 8000];
/** What becomes a row together with another event. */
const LATER = { page_view_start: "when the page is left" };
const MARKS = { done: "✓", wait: "…", bad: "✕", none: "–" };

const short = (data) => Object.entries(data ?? {})
  .filter(([name]) => !name.endsWith("_id") || name === "video_id")
  .map(([name, value]) => `${name} ${typeof value === "string" && value ? value : JSON.stringify(value)}`)
  .join(" · ");

const text = (value) => JSON.stringify(value, null, 2);

/** Whoever is in a card with the keyboard stays where they were. */
function replaced(old, made) {
  const stops = "summary, a, pre";
  const at = [...old.querySelectorAll(stops)].indexOf(document.activeElement);
  old.replaceWith(made);
  made.querySelectorAll(stops)[at]?.focus({ preventScroll: true });
}

/** Whether two events have an id in common, as the halves of a pair do. */
const isPair = (one, other) => Object.entries(one.data ?? {})
  .some(([name, value]) => name.endsWith("_view_id") && other.data?.[name] === value);

class Followed {
  constructor(event_id, event, data) {
    Object.assign(this, { event_id, event, data, answer: null, problem: null, place: null, row: null });
    this.note = LATER[event];
    this.waits = 0;
    this.at = Date.now();
    this.isOpen = false;
  }

  get steps() {
    const refused = this.problem !== null;
    const answered = refused
      ? ["bad", `refused: ${this.problem.status}`]
      : this.answer ? ["done", `${this.answer}`] : ["wait", "waits"];
    const later = refused ? ["none", "not stored"] : ["wait", "waits"];
    return [
      ["Sent", "done", "by the tracker"],
      ["API", ...answered],
      ["Kafka", ...(this.place ? ["done", `${this.place.topic} ${this.place.partition}, offset ${this.place.offset}`] : later)],
      ["Table", ...(this.row ? ["done", this.row.table] : this.note && !refused ? ["wait", this.note] : later)],
    ];
  }

  get told() {
    const states = this.steps.map(([, state]) => state);
    if (states[1] === "bad") return "refused";
    if (states[3] === "done") return "a row in its table";
    if (states[2] === "done") return "in Kafka";
    return states[1] === "done" ? "accepted" : "sent";
  }
}

export class Panel {
  constructor(place, latest) {
    this.latest = latest;
    this.events = new Map();
    this.cards = new Map();
    this.list = el("ol", { className: "events" });
    this.empty = el("p", { className: "empty" }, "Nothing was sent yet.");
    this.state = el("p", { className: "state" });
    place.append(
      el("div", { className: "panel-top" },
        el("h2", { id: "panel-title" }, "What becomes of each event"),
        el("p", { className: "about" }, "The cinema is a front end: each click in it is an event. ",
          el("a", { href: "/" }, "Start page")),
        el("p", { className: "actions" },
          el("button", { type: "button", id: "break", onclick: () => tracking.broken() }, "Send a broken event"),
          el("a", { href: `/debug?tag=${encodeURIComponent(tracking.tag)}` }, "Debugger")),
        this.state),
      el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Events, the newest first" }, this.empty, this.list));
    latest.addEventListener("click", () => place.scrollIntoView({ behavior: calm() ? "auto" : "smooth" }));
    this.place = place;
    this.listen();
  }

  /** What the debugger has of this tab, from the first of it on. */
  listen() {
    const source = new EventSource(`/debug/stream?tag=${encodeURIComponent(tracking.tag)}&after=0`);
    source.addEventListener("event", (told) => this.recorded(JSON.parse(told.data)));
    source.addEventListener("place", (told) => {
      const { event_id, place } = JSON.parse(told.data);
      const found = this.events.get(event_id);
      if (!found) return;
      found.place = place;
      this.show(found);
    });
    source.addEventListener("open", () => { this.state.textContent = ""; });
    source.addEventListener("error", () => {
      this.isOff = source.readyState === EventSource.CLOSED;
      this.state.textContent = this.isOff
        ? "The debugger is off: Kafka and the table are not shown."
        : "The API does not answer; it is asked again.";
    });
  }

  sent({ event_id, event, data }) {
    this.show(this.known(event_id, event, data));
  }

  answered(answers) {
    for (const answer of answers) {
      const found = this.known(answer.event_id, answer.event, answer.data);
      if (answer.status === "rejected") found.problem = answer.problem ?? {};
      else found.answer ??= "202, accepted";
      this.show(found);
      if (found.answer) this.followSoon(found);
    }
  }

  recorded(record) {
    if (!record.event_id) return;
    const found = this.known(record.event_id, record.event, record.sent?.data);
    if (record.outcome === "rejected") {
      found.problem = { ...record.problem, ...found.problem };
      found.rules = record.rules;
    } else {
      found.answer = `202, ${record.outcome}`;
      if (record.place) found.place = record.place;
    }
    this.show(found);
    if (!found.answer) return;
    this.followSoon(found);
    for (const other of this.events.values()) {
      if (other !== found && !other.row && isPair(other, found)) this.followAnew(other);
    }
  }

  known(event_id, event, data) {
    let found = this.events.get(event_id);
    if (found) {
      found.data ??= data;
      return found;
    }
    found = new Followed(event_id, event, data);
    this.events.set(event_id, found);
    if (this.events.size > MOST_SHOWN) this.forget(this.events.keys().next().value);
    return found;
  }

  forget(event_id) {
    this.events.delete(event_id);
    this.cards.get(event_id)?.remove();
    this.cards.delete(event_id);
  }

  followSoon(found) {
    const isLater = found.place && found.event in LATER && !found.hasEnd;
    const isOver = found.row || found.waits >= ROW_WAITS_MS.length;
    if (this.isOff || isLater || isOver || found.timer) return;
    found.timer = setTimeout(() => this.follow(found), ROW_WAITS_MS[found.waits++]);
  }

  /** A start has its row when its end is there. */
  followAnew(found) {
    found.waits = Math.min(found.waits, 2);
    found.hasEnd = true;
    this.followSoon(found);
  }

  async follow(found) {
    const answer = await fetch(`/debug/follow/${found.event_id}`).catch(() => null);
    found.timer = null;
    if (answer?.ok) this.followed(found, await answer.json());
    if (this.events.has(found.event_id)) this.followSoon(found);
  }

  followed(found, { stages, row }) {
    const of = Object.fromEntries(stages.map((each) => [each.stage, each]));
    if (of.kafka?.place) found.place = of.kafka.place;
    if (row) found.row = { table: of.row.table, values: row };
    else if (found.waits >= ROW_WAITS_MS.length) found.note = (of.row ?? of.loader)?.text;
    this.show(found);
  }

  show(found) {
    this.empty.hidden = true;
    const card = this.card(found);
    const shown = this.cards.get(found.event_id);
    if (shown) replaced(shown, card);
    else this.list.prepend(card);
    this.cards.set(found.event_id, card);
    const newest = [...this.events.values()].at(-1);
    this.latest.hidden = false;
    this.latest.textContent = `${newest.event}: ${newest.told}`;
  }

  card(found) {
    const details = el("details", { open: found.isOpen, ontoggle: (event) => { found.isOpen = event.target.open; } },
      el("summary", {}, "As JSON"),
      this.json("Sent", { event: found.event, event_id: found.event_id, data: found.data }),
      found.problem && this.json("Answer: problem document", found.problem),
      found.row && this.json(`Row of ${found.row.table}`, found.row.values));
    return el("li", { className: `event ${found.problem ? "refused" : found.row ? "whole" : ""}` },
      el("h3", {}, found.event ?? "no event"),
      el("p", { className: "data" }, short(found.data)),
      el("ol", { className: "steps" }, found.steps.map(([name, state, value]) =>
        el("li", { className: state }, el("span", { className: "dot", "aria-hidden": "true" }, MARKS[state]),
          el("b", {}, name), el("span", { className: "value" }, value)))),
      found.problem && this.why(found),
      details,
      el("a", { className: "follow", href: `/debug?event_id=${found.event_id}` }, "Follow it"));
  }

  why({ problem }) {
    const violations = problem.violations ?? [];
    return el("ul", { className: "why" },
      violations.length === 0
        ? el("li", {}, problem.detail ?? problem.title ?? "")
        : violations.map((each) => el("li", {}, el("code", {}, each.pointer || "/"), ` ${each.message}`)));
  }

  json(name, value) {
    return [el("h4", {}, name), el("pre", { tabIndex: 0 }, text(value))];
  }
}

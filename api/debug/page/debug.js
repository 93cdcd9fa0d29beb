// The debugger's page: asks for what has come, listens for what comes, and follows one event.
import { detailsOf, element, stagesOf, summaryOf } from "/debug/render.js";

const MOST_SHOWN = 1000;
const KEY = "ugc-debugger-key";
const FIELDS = ["event", "outcome", "application", "tag", "event_id"];
const SILENT_MILLISECONDS = 25_000;

const place = (id) => document.getElementById(id);
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

let last = "";
let hasCatalog = false;
let isPaused = false;
let held = [];
let listening = new AbortController();
let following = 0;

const headers = () => {
  const key = sessionStorage.getItem(KEY);
  return key === null ? {} : { "X-UGC-Debug-Key": key };
};

function wanted() {
  const asked = new URLSearchParams();
  for (const name of FIELDS) {
    const value = place(name).value.trim();
    if (value !== "") asked.set(name, value);
  }
  return asked;
}

function tell(text, state) {
  place("connection").textContent = text;
  place("connection").className = state;
}

function tellLost(lost) {
  place("lost").hidden = !lost;
  place("lost").textContent = lost === 1 ? "1 event could not be recorded, and is missing here."
    : `${lost} events could not be recorded, and are missing here.`;
}

function count() {
  const number = place("list").children.length;
  place("count").textContent = isPaused && held.length ? `(${number}, ${held.length} wait)` : `(${number})`;
  place("nothing").hidden = number > 0;
}

function shown(event) {
  const item = element("li", { "data-event-id": event.event_id });
  const open = element("details", {
    ontoggle: () => {
      if (open.open && open.children.length === 1) {
        open.append(detailsOf(event, { hasCatalog, onFollow: follow }));
      }
    },
  }, summaryOf(event));
  item.event = event;
  item.append(open);
  return item;
}

function add(event) {
  if (isPaused) {
    held.push(event);
    if (held.length > MOST_SHOWN) held.shift();
  } else {
    place("list").prepend(shown(event));
    while (place("list").children.length > MOST_SHOWN) place("list").lastChild.remove();
  }
  if (event.event !== null) suggest(event.event);
  count();
}

function suggest(name) {
  const known = [...place("events").children].some((each) => each.value === name);
  if (!known && place("events").children.length < 200) place("events").append(element("option", { value: name }));
}

function setPlace(told) {
  for (const item of place("list").children) {
    if (item.event.event_id === told.event_id && item.event.outcome === "accepted") {
      item.event.place = told.place;
    }
  }
}

async function askForKey() {
  sessionStorage.removeItem(KEY);
  place("key-form").hidden = false;
  place("key").focus();
  tell("A key is needed.", "broken");
}

async function load() {
  const response = await fetch(`/debug/events?${wanted()}`, { headers: headers() });
  if (response.status === 401) {
    await askForKey();
    return false;
  }
  const found = await response.json();
  if (!response.ok) {
    tell(found.detail, "broken");
    if (response.status === 400) return false;
    throw new Error(found.detail);
  }
  hasCatalog = found.catalog;
  place("catalog").hidden = !hasCatalog;
  last = found.last;
  held = [];
  place("list").replaceChildren(...found.events.map(shown));
  found.events.forEach((each) => each.event !== null && suggest(each.event));
  tellLost(found.lost);
  count();
  return true;
}

function take(text) {
  const fields = { event: "", data: "" };
  for (const line of text.split("\n")) {
    const [name, value] = [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)];
    if (name === "id") last = value;
    else if (name in fields) fields[name] = value;
  }
  if (fields.data === "") return;
  const told = JSON.parse(fields.data);
  if (fields.event === "event") add(told);
  else if (fields.event === "place") setPlace(told);
  else if (fields.event === "position") tellLost(told.lost);
}

async function read(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const silence = wait(SILENT_MILLISECONDS).then(() => { throw new Error("silent"); });
    const { value, done } = await Promise.race([reader.read(), silence]);
    if (done || signal.aborted) return;
    text += value;
    const pieces = text.split("\n\n");
    text = pieces.pop();
    pieces.forEach(take);
  }
}

// EventSource cannot send the key; otherwise this is what it does.
async function listen() {
  listening.abort();
  const own = (listening = new AbortController());
  let isLoaded = false;
  let pause = 1000;
  while (!own.signal.aborted) {
    try {
      if (!isLoaded) {
        if (!(await load())) return;
        isLoaded = true;
      }
      const response = await fetch(`/debug/stream?${wanted()}`, {
        headers: { ...headers(), "Last-Event-ID": last }, signal: own.signal,
      });
      if (response.status === 401) return void askForKey();
      if (!response.ok) throw new Error(String(response.status));
      tell("Live: events appear as they come.", "good");
      pause = 1000;
      await read(response, own.signal);
      await wait(250);
    } catch {
      if (own.signal.aborted) return;
      tell("The connection is broken; trying again. Nothing will be missed.", "broken");
      await wait(pause);
      pause = Math.min(pause * 2, 10_000);
    }
  }
}

async function follow(eventId) {
  const turn = (following += 1);
  place("followed").hidden = false;
  place("followed").scrollIntoView({ block: "nearest" });
  for (;;) {
    try {
      const response = await fetch(`/debug/follow/${encodeURIComponent(eventId)}`, { headers: headers() });
      const found = await response.json();
      if (turn !== following) return;
      if (!response.ok) {
        place("follow").replaceChildren(element("p", { class: "rejected" }, found.detail));
        if (response.status < 500) return;
      } else {
        place("follow").replaceChildren(...stagesOf(found));
        if (found.settled) return;
      }
    } catch {
      place("follow").replaceChildren(element("p", { class: "rejected" }, "The API does not answer; trying again."));
    }
    await wait(2000);
    if (turn !== following) return;
  }
}

place("filters").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const asked = wanted();
  history.replaceState(null, "", asked.size ? `/debug?${asked}` : "/debug");
  following += 1;
  place("followed").hidden = true;
  if (asked.has("event_id")) follow(asked.get("event_id"));
  listen();
});

place("outcome").addEventListener("change", () => place("filters").requestSubmit());

place("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  place("pause").setAttribute("aria-pressed", String(isPaused));
  if (!isPaused) held.splice(0).forEach(add);
  count();
});

place("forget").addEventListener("click", async () => {
  const tag = place("tag").value.trim();
  const what = tag ? `all events with the tag ${tag}` : "all events, those of others too";
  if (!window.confirm(`Forget ${what}? Rows and messages stay.`)) return;
  await fetch(`/debug/reset?${new URLSearchParams(tag ? { tag } : {})}`, { method: "POST", headers: headers() });
  listen();
});

place("key-form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  sessionStorage.setItem(KEY, place("key").value);
  place("key").value = "";
  place("key-form").hidden = true;
  listen();
});

const asked = new URLSearchParams(location.search);
for (const name of FIELDS) place(name).value = asked.get(name) ?? "";
if (asked.get("event_id")) follow(asked.get("event_id"));
listen();

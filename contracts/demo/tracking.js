// Everything that this front end sends. The rest of it knows no more of tracking than these names.

import { typeOf } from "./addresses.js";

const TAG = "lantern-tag";

function ownTag() {
  try {
    const kept = sessionStorage.getItem(TAG);
    if (kept) return kept;
    const made = `demo-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
    sessionStorage.setItem(TAG, made);
    return made;
  } catch {
    return `demo-${Date.now().toString(36)}`;
  }
}

/** The debugger shows what bears it: this tab's events and no others. */
export const tag = ownTag();

const heard = { sent: [], answered: [] };

/** `onSent({event_id, event, data})` for each event, `onAnswered(answers)` for what became of them. */
export function listen(onSent, onAnswered) {
  heard.sent.push(onSent);
  heard.answered.push(onAnswered);
}

/** Who is signed in, and with which token. */
let user = null;
let token = null;

async function askToken() {
  const answer = await fetch(`/demo/token?user_id=${encodeURIComponent(user)}`, { method: "POST" });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail ?? "none was given");
  token = body.token;
}

const tracker = globalThis.ugc.createTracker({
  url: "",
  debug: tag,
  async token(refresh) {
    if (refresh && user) await askToken();
    return token;
  },
  onAnswer: (answers) => heard.answered.forEach((tell) => tell(answers)),
});

/** A demonstration is to be seen at once; a front end of yours lets the tracker collect a batch. */
const soon = () => queueMicrotask(() => tracker.flush());

function send(event, data) {
  const event_id = tracker.track(event, data);
  heard.sent.forEach((tell) => tell({ event_id, event, data }));
  soon();
}

const pageType = () => typeOf(location.hash);

function watch() {
  tracker.pageView(pageType);
  soon();
}

/** From here on each page that is shown is told, and its end, whatever ends it. */
export function start() {
  addEventListener("hashchange", soon);
  watch();
}

export const clicked = (element_type) => send("element_click", { element_type, page_type: pageType() });

export const qualityChanged = (film, old_quality, new_quality) =>
  send("quality_change", { video_id: film.id, old_quality, new_quality });

export const completed = (film, whole) =>
  send("video_complete", { video_id: film.id, duration_total: whole });

export const searched = (search_query, filters) => send("search_filter", { search_query, filters });

/** What a front end with two mistakes sends: a text for a number, and a field left out. */
export const broken = () => send("quality_change", { video_id: "lt-0101", old_quality: "720p" });

/** Signs a visitor in with a token of the local auth stand-in, or out with `null`. */
export async function signIn(user_id) {
  await tracker.reset();
  token = null;
  user = user_id;
  try {
    if (user) await askToken();
  } finally {
    watch();
  }
}


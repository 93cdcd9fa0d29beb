// One thing to try at a time; each is ticked by the event it is about.

import { byId, el } from "./dom.js";

const KEPT = "lantern-hint";

const is = (event, field, ...values) => (sent) =>
  sent.event === event && (field === undefined || values.includes(sent.data?.[field]));

const HINTS = [
  ["Every click here is an event. Open a film.", is("element_click", "element_type", "movie", "promotion")],
  ["Start its trailer.", is("element_click", "element_type", "trailer")],
  ["Change the quality while something plays.", is("quality_change", "new_quality", 360, 720, 1080, 2160)],
  ["Play the film to its end: 12 seconds.", is("video_complete")],
  ["Search for films, with a filter.", is("search_filter")],
  ["Sign in: the events after it bear your user id.", is("signed_in")],
  ["Send a broken event, and read why it is refused.", (sent) => sent.refused === true],
];

/** Those that were tried or skipped, by their place; past all of them, that the end was read. */
let done = new Set();

function keep() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify([...done]));
  } catch {
    // Then the hints begin anew with each load.
  }
}

function tick(place) {
  done.add(place);
  keep();
  show();
}

function show() {
  const place = byId("hint");
  const step = HINTS.findIndex((_, each) => !done.has(each));
  const isOver = step === -1;
  place.hidden = done.has(HINTS.length);
  place.replaceChildren(
    el("p", { role: "status" },
      el("b", {}, isOver ? "Done. " : `${step + 1} of ${HINTS.length} `),
      isOver ? "Contract, API, Kafka, table: that was the whole way of an event." : HINTS[step][0]),
    el("button", { type: "button", onclick: () => tick(isOver ? HINTS.length : step) }, isOver ? "Close" : "Skip"));
}

/** Is told of everything that is sent, and of a refusal as `{refused: true}`. */
export function noticed(sent) {
  HINTS.forEach(([, isIt], place) => !done.has(place) && isIt(sent) && tick(place));
}

export function start() {
  try {
    done = new Set(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));
  } catch {
    done = new Set();
  }
  show();
}

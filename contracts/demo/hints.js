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

let step = 0;

const shown = () => byId("hint");

function keep() {
  try {
    sessionStorage.setItem(KEPT, String(step));
  } catch {
    // Then the hints begin anew with each load.
  }
}

function move(to) {
  step = to;
  keep();
  show();
}

function show() {
  const place = shown();
  place.hidden = step > HINTS.length;
  if (place.hidden) return;
  const isDone = step === HINTS.length;
  place.replaceChildren(
    el("p", { role: "status" },
      el("b", {}, isDone ? "Done. " : `${step + 1} of ${HINTS.length} `),
      isDone ? "Every event went from its contract to the API, to Kafka and into a table. Yours can, too." : HINTS[step][0]),
    el("button", { type: "button", onclick: () => move(isDone ? step + 1 : step + 1) }, isDone ? "Close" : "Skip"));
}

/** Is told of everything that is sent, and of a refusal as `{refused: true}`. */
export function noticed(sent) {
  if (step < HINTS.length && HINTS[step][1](sent)) move(step + 1);
}

export function start() {
  try {
    step = Number(sessionStorage.getItem(KEPT) ?? 0) || 0;
  } catch {
    step = 0;
  }
  show();
}

// What is shown of an event. Everything that came from elsewhere becomes text, never markup.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((each) => each !== null && each !== undefined));
  return made;
}

export const json = (value) => JSON.stringify(value, null, 2);

const today = () => new Date().toISOString().slice(0, 10);
// In UTC, as everywhere; with the day where it is another.
const clock = (time) =>
  time ? `${time.startsWith(today()) ? "" : `${time.slice(0, 10)} `}${time.slice(11, 23)}Z` : "";

export function summaryOf(event) {
  return element(
    "summary", {},
    element("span", { class: "mono quiet", title: event.time ?? "" }, clock(event.time)),
    element("span", { class: `outcome ${event.outcome}` }, event.outcome),
    element("span", { class: "name mono" }, event.event ?? "unknown event"),
    element("span", { class: "quiet" }, event.application ?? ""),
    element("span", { class: "quiet" }, event.tag === null ? "" : `tag ${event.tag}`),
  );
}

function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element(
    "dl", {}, ...shown.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
  );
}

const placeOf = (place) =>
  place === null ? "not heard of yet" : `${place.topic}, partition ${place.partition}, offset ${place.offset}`;

function contractOf(event, hasCatalog) {
  if (event.contract === null) return null;
  const name = encodeURIComponent(event.event);
  const page = hasCatalog ? `/catalog/events/${name}/` : event.contract;
  return element("a", { href: page }, `${event.event}@${event.version ?? "newest"}`);
}

export function detailsOf(event, { hasCatalog, onFollow }) {
  const address = event.event_id === null ? null : `/debug?event_id=${encodeURIComponent(event.event_id)}`;
  return element(
    "div", { class: "details" },
    facts([
      ["answer", `${event.status} after ${event.milliseconds} ms, ${event.route}`],
      ["contract", contractOf(event, hasCatalog)],
      ["event id", address && element("a", { href: address }, event.event_id)],
      ["accepted at", event.accepted_at],
      ["Kafka", event.outcome === "accepted" ? placeOf(event.place) : null],
      ["correlation id", event.correlation_id],
      ["origin", event.origin],
      ["SDK", event.sdk],
    ]),
    event.event_id === null ? null
      : element("button", { type: "button", onclick: () => onFollow(event.event_id) }, "Follow it to its row"),
    event.problem === null ? null : problemOf(event),
    element("h3", {}, "What was sent"),
    element("pre", { tabindex: "0" }, event.sent === null ? "not read" : json(event.sent)),
    event.outcome === "rejected" ? tryAgain(event) : null,
  );
}

function problemOf(event) {
  const { problem } = event;
  const rules = new Map((event.rules ?? []).map((rule) => [rule.pointer, rule]));
  const violations = (problem.violations ?? []).map((each) => {
    const rule = rules.get(each.pointer);
    return element(
      "li", {},
      element("code", {}, each.pointer || "/"), " ", each.message, " ",
      element("span", { class: "quiet" }, `(${each.keyword})`),
      rule ? element(
        "p", { class: "rule" }, "The contract: ", rule.text, " ",
        element("code", {}, JSON.stringify(rule.schema)),
      ) : null,
    );
  });
  return element(
    "div", {},
    element("h3", {}, "Why it was rejected"),
    element("p", {}, element("a", { href: problem.type }, problem.code), ": ", problem.detail),
    violations.length ? element("ul", {}, ...violations) : null,
    problem.more_violations ? element("p", {}, `and ${problem.more_violations} more`) : null,
    event.example ? element("h3", {}, "The nearest valid event") : null,
    event.example ? element("pre", { tabindex: "0" }, json(event.example)) : null,
  );
}

// A masked value cannot be sent again: what is tried has the example's in its place, or none.
function filledIn(sent, example) {
  if (sent === "***") return example;
  if (Array.isArray(sent)) return sent.map((each, number) => filledIn(each, example?.[number]) ?? null);
  if (sent === null || typeof sent !== "object") return sent;
  return Object.fromEntries(
    Object.entries(sent)
      .map(([name, value]) => [name, name === "token" ? null : filledIn(value, example?.[name])])
      .filter(([, value]) => value !== undefined),
  );
}

function tryAgain(event) {
  const start = event.sent !== null && typeof event.sent === "object" ? event.sent : event.example;
  const field = `try-${event.id}`;
  const text = element("textarea", { id: field, spellcheck: "false" });
  text.value = json(filledIn(start ?? {}, event.example ?? {}));
  const answer = element("div", { role: "status" });
  const send = async () => {
    answer.replaceChildren("Asking …");
    try {
      const response = await fetch("/api/v1/validate", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: text.value,
      });
      const found = await response.json();
      const isGood = found.accepted === true;
      const told = isGood ? "It would be accepted." : `It would be rejected: ${(found.problem ?? found).detail}`;
      const violations = (found.problem?.violations ?? []).map((each) =>
        element("li", {}, element("code", {}, each.pointer || "/"), " ", each.message));
      answer.replaceChildren(
        element("p", { class: isGood ? "accepted" : "rejected" }, told),
        violations.length ? element("ul", {}, ...violations) : "",
      );
    } catch {
      answer.replaceChildren("The API does not answer. Try once more.");
    }
  };
  return element(
    "div", {},
    element("h3", {}, "Try again"),
    element("p", { class: "quiet" },
      "A dry run: nothing is stored. Masked values are those of the example, or left out."),
    element("label", { for: field }, "Event"),
    text,
    element("button", { type: "button", onclick: send }, "Check it"),
    answer,
  );
}

export function stagesOf(found) {
  const stages = found.stages.map((stage) => element(
    "li", {},
    element("span", { class: "mono" }, stage.stage), ": ",
    element("span", { class: `state ${stage.state}` }, stage.state), " ",
    stage.at ? element("span", { class: "mono quiet" }, stage.at, " ") : null,
    stage.text,
  ));
  const row = found.row === null ? null : element(
    "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The row" },
    element(
      "table", {},
      element("caption", { class: "quiet" }, "The row"),
      element("tbody", {}, ...Object.entries(found.row).map(([name, value]) => element(
        "tr", {},
        element("th", { scope: "row" }, name),
        element("td", { class: "mono" }, typeof value === "string" ? value : JSON.stringify(value)),
      ))),
    ),
  );
  return [
    element("p", {}, element("a", { href: `/debug?event_id=${found.event_id}` }, found.event_id)),
    element("ol", { class: "stages" }, ...stages),
    row,
  ].filter((each) => each !== null);
}

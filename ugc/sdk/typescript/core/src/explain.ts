/** Tells a developer why an event was refused, and where it says what is right. */
import type { Answer } from "./types.js";

export function explain(url: string, { event, event_id, problem }: Answer): void {
  if (!problem) return;
  const { status, title, code, detail, violations } = problem;
  console.warn(
    `ugc: ${event} (${event_id}) was refused: ${status} ${title || code || ""}. ${detail || ""}` +
      (violations || [])
        .map((each) => `\n  ${each.pointer}: ${each.message} (expected: ${JSON.stringify(each.expected)})`)
        .join("") +
      `\n  ${url}/catalog/events/${event}/`,
  );
}

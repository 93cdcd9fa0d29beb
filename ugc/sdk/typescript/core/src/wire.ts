/** What goes over the wire, and what its answers mean (docs/api.md). */
import type { Entry } from "./queue.js";
import type { Answer, Options, Problem } from "./types.js";

/** What browsers let a page that is left have on its way is 64 KiB. */
export const BATCH_BYTES = 60_000;
export const BATCH_EVENTS = 500;
/** Of an event beside its own JSON and the token: `"token":"",`, the number, a comma. */
const AROUND_BYTES = 60;

const LONGEST_GROWN_MS = 60_000;
/** What the API may ask for; a longer wait that was stored is a clock that was turned back. */
export const LONGEST_ASKED_MS = 3_600_000;

export interface Result {
  status: number;
  duplicate?: boolean;
  problem?: Problem;
}

export type Token = string | null | undefined;

/** What was asked for, or `undefined`; and how long to wait then, in ms. */
export interface Pause {
  asked: number;
  ms: number;
}

export const addressOf = ({ url = "", key }: Options): string =>
  url + "/api/v1/events/batch" + (key ? "?key=" + key : "");

/** `undefined` where the event is to be sent again; refused is what will never be stored. */
export const verdict = (status: number | undefined): Answer["status"] | undefined =>
  !status
    ? undefined
    : status < 300
      ? "accepted"
      : [400, 401, 403, 409, 413, 415, 422].includes(status)
        ? "rejected"
        : undefined;

/** Of events in a row, how many are one batch; the first may be too long by itself. */
export function fitting(entries: Entry[], most: number, room: number, token: Token): number {
  let taken = 0;
  for (const entry of entries) {
    room -= entry.b + AROUND_BYTES + (token || "").length;
    if (taken >= most || (room < 0 && taken)) break;
    taken++;
  }
  return taken;
}

/** @param visitor whose events bear the token: whoever left before was another. */
export function written(entries: Entry[], token: Token, visitor: string, fields: readonly string[]): string {
  const events = entries.map(({ a, n, e }) => ({
    ...e,
    token: (a == visitor && token) || null,
    ...(e.context && {
      context: { ...e.context, sequence: fields.includes("sequence") ? n : undefined },
    }),
  }));
  return JSON.stringify(fields[0] ? { sent_at: new Date(), events } : events);
}

/** What became of each; without a `status` where that is not known yet. */
export const answersOf = (entries: Entry[], results: Result[] = []): Partial<Answer>[] =>
  entries.map(({ e: { event, event_id } }, at) => {
    const { status, duplicate, problem } = results[at] || ({} as Result);
    return { event, event_id, status: verdict(status), duplicate, problem };
  });

/** After no answer, or one that says to come again: what it asks for, else longer each time. */
export function pauseAfter(answer: Response | undefined, tries: number): Pause {
  const said = answer?.headers.get("Retry-After");
  const asked = said ? +said * 1000 || Date.parse(said) - Date.now() : 0;
  const grown = Math.min(LONGEST_GROWN_MS, 1000 * 2 ** tries) * (0.5 + Math.random() / 2);
  // Never earlier, and not all at once.
  const ms = asked > 0 ? asked * (1 + Math.random() / 10) : grown;
  return { asked, ms: Math.min(ms, LONGEST_ASKED_MS) };
}

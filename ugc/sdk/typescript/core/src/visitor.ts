/**
 * Who sends, and the number of the event: in localStorage, since both are needed at once when a
 * page is left, and every tab of an origin has the same.
 *
 * Two tabs that read at the same instant take one number twice; the queue then finds its place
 * taken and asks for another.  Where nothing can be stored, a page is a visitor of its own.
 */
import { uuid } from "./ids.js";

const VISIT_MS = 1_800_000;

export interface Visitor {
  /** `anonymous_id`. */
  a: string;
  /** `session_id`. */
  s: string;
  /** When the last event was, in ms. */
  t: number;
  /** The last number, of this `anonymous_id`. */
  n: number;
  /** Until when the API wants to be left alone, in ms. */
  w: number;
}

export function storedVisitor(name: string) {
  let known: Visitor | undefined;

  function read(): Visitor {
    let stored: Visitor | undefined;
    try {
      stored = JSON.parse(localStorage[name]);
    } catch {}
    // What could not be written is known here alone.
    if (!stored || (known?.a == stored.a && known.n > stored.n)) stored = known;
    return (known = stored || { a: uuid(), s: "", t: 0, n: 0, w: 0 });
  }

  function write(change: Partial<Visitor>): Visitor {
    known = { ...read(), ...change };
    try {
      localStorage[name] = JSON.stringify(known);
    } catch {}
    return known;
  }

  return {
    read,
    write,
    /** The visitor with the number of one more event, in the visit that goes on or begins. */
    next(): Visitor {
      const { s, t, n } = read();
      const now = Date.now();
      return write({ s: now - t > VISIT_MS ? uuid() : s, t: now, n: n + 1 });
    },
    forget(): void {
      known = undefined;
      try {
        localStorage.removeItem(name);
      } catch {}
    },
  };
}

export type StoredVisitor = ReturnType<typeof storedVisitor>;

export type Visitors = Pick<StoredVisitor, "read" | "next" | "forget">;

/** Of the light build: a page's own, and gone with it. */
export function pageVisitor(): Visitors {
  const begin = (): Visitor => ({ a: uuid(), s: uuid(), t: 0, n: 0, w: 0 });
  let known = begin();
  return {
    read: () => known,
    next: () => (known.n++, known),
    forget: () => void (known = begin()),
  };
}

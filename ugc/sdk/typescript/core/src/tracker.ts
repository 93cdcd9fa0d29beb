/** Puts the parts together: what a page calls, and what it does when it is hidden, left or found again. */
import { uuid } from "./ids.js";
import type { Entry, Message } from "./queue.js";
import type { Begun, Options, PageType, Tracker } from "./types.js";
import type { Visitors } from "./visitor.js";

/** So long an event may wait for others to be sent with. */
const GATHER_MS = 1_000;
const LONGEST_TEXT = 2_000;

/** What brings events to the API. */
export interface Delivery {
  /** False when there is no room for more. */
  add(entry: Entry): boolean;
  count(): number;
  /** Sends what there is after so many ms, if nothing does before. */
  schedule(ms: number): void;
  flush(): Promise<void>;
  /** The page may not come back: sends what is not under way, without waiting for anything. */
  leave(): void;
  /** Nothing may be held while the browser keeps the page. */
  release?(): void;
  /** The network is back: what waits for no more than that is sent. */
  online(): void;
  /** Off: forgets what waits, of every visitor but the one who begins. */
  turn(on: boolean): void;
}

/** @param watchRoutes calls what it is given when the route may have changed. */
export function createTracker(
  options: Options,
  visitors: Visitors,
  sender: Delivery,
  watchRoutes?: (moved: () => void) => void,
): Tracker {
  const { pairs = {}, pages, fields = [], versions = {}, context } = options;
  let given = options.consent !== false;
  /** The page view that goes on, or that begins again when the page is seen again. */
  let view: (() => Begun) | undefined;
  let viewed: Begun | undefined;

  const drop = (count: number, reason: "full" | "consent") => count && options.onDrop?.(count, reason);

  function track(event: string, data: object, version?: number, page = location.href): string {
    const event_id = uuid();
    if (!given) return event_id;
    const { a, s, n } = visitors.next();
    const facts: Record<string, unknown> = {
      anonymous_id: a,
      session_id: s,
      occurred_at: new Date(),
      page_url: page.slice(0, LONGEST_TEXT),
      referrer: document.referrer.slice(0, LONGEST_TEXT) || undefined,
      locale: navigator.language || undefined,
    };
    const known = fields.map((field) => [field, facts[field]]);
    // As text it is what it is at this moment, whatever the page makes of it afterwards.
    const text = JSON.stringify({
      event,
      event_id,
      version: version || versions[event],
      data,
      ...((fields[0] || context) && {
        context: {
          ...Object.fromEntries(known),
          ...(typeof context == "function" ? context() : context),
        },
      }),
    });
    const message: Message = JSON.parse(text);
    if (sender.add({ a, n, e: message, b: new Blob([text]).size })) sender.schedule(GATHER_MS);
    else drop(1, "full");
    return event_id;
  }

  function begin(pair: string, data: object, page?: string): Begun {
    const { start, end, id, shared } = pairs[pair]!;
    const begun: Record<string, unknown> = { ...(id && { [id]: uuid() }), ...data };
    let goes_on = given;
    track(start, begun, undefined, page);
    return {
      id: id ? String(begun[id]) : "",
      end(more) {
        const taken = shared.filter((field) => field in begun).map((field) => [field, begun[field]]);
        if (goes_on) track(end, { ...Object.fromEntries(taken), ...more }, undefined, page);
        goes_on = false;
      },
    };
  }

  function endView(more?: object): void {
    viewed?.end(more);
    viewed = undefined;
  }

  function pageView(type: PageType, more?: object): Begun {
    endView();
    const seen = (view = () => {
      const of = typeof type == "function" ? type() : type;
      if (given && of !== undefined && document.visibilityState != "hidden")
        viewed = begin(pages!.pair, { [pages!.type]: of, ...more }, location.href);
      return {
        id: viewed?.id || "",
        end(data) {
          if (view != seen) return;
          endView(data);
          view = undefined;
        },
      };
    });
    // A function tells the kind of the next route, a text only that of this one.
    moved = () => {
      endView();
      if (typeof type == "function") view?.();
      else view = undefined;
    };
    return view();
  }

  let moved = () => {};

  function hidden(): void {
    endView();
    sender.leave();
  }

  function shown(): void {
    if (!viewed) view?.();
    sender.schedule(0);
  }

  watchRoutes?.(() => moved());
  document.addEventListener("visibilitychange", () =>
    document.visibilityState == "hidden" ? hidden() : shown(),
  );
  addEventListener("pagehide", () => {
    hidden();
    sender.release?.();
  });
  addEventListener("pageshow", (event) => event.persisted && shown());
  addEventListener("online", sender.online);

  function consent(now: boolean): void {
    given = now;
    if (now) {
      sender.turn(now);
      return shown();
    }
    view = viewed = undefined;
    drop(sender.count(), "consent");
    visitors.forget();
    sender.turn(now);
  }

  consent(given);

  return {
    track: (event, data, more) => track(event, data, more?.version),
    pageView,
    begin,
    flush: () => (given ? sender.flush() : Promise.resolve()),
    async reset() {
      endView();
      view = undefined;
      if (!given) return;
      await sender.flush();
      visitors.forget();
    },
    consent,
    queued: sender.count,
  };
}

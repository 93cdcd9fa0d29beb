/** Without what outlives a page: events wait in memory, and are sent when the page is left. */
import { createTracker as create } from "./tracker.js";
import type { Options, Tracker } from "./types.js";

export type * from "./types.js";

export const createTracker = (options: Options = {}): Tracker => create(options);

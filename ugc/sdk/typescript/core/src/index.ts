/** The whole tracker. */
import { explain } from "./explain.js";
import { gzip } from "./gzip.js";
import { exclusive } from "./lock.js";
import { indexedStore, localStore } from "./stores.js";
import { createTracker as create } from "./tracker.js";
import type { Options, Tracker } from "./types.js";

export type * from "./types.js";

export const createTracker = (options: Options = {}): Tracker =>
  create(options, (name) => [indexedStore(name), localStore(name)], { exclusive, gzip, explain });

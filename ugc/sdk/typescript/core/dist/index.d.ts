import type { Options, Tracker } from "./types.js";
export type * from "./types.js";
export declare const createTracker: (options?: Options) => Tracker;

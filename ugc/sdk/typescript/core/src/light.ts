/**
 * Without what outlives a page: events wait in memory, and are sent when the page is left; a visitor
 * is a page's own, unless the page's `context` says who it is; a change of route ends no view.
 */
import { createMemory } from "./memory.js";
import { createTracker as create } from "./tracker.js";
import type { Options, Tracker } from "./types.js";
import { pageVisitor } from "./visitor.js";

export type * from "./types.js";

export const createTracker = (options: Options = {}): Tracker => {
  const visitors = pageVisitor();
  return create(options, visitors, createMemory(options, visitors));
};

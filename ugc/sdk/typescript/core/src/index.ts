/** The whole tracker. */
import { explain } from "./explain.js";
import { gzip } from "./gzip.js";
import { exclusive } from "./lock.js";
import { createQueue } from "./queue.js";
import { watchRoutes } from "./routes.js";
import { createSender } from "./sender.js";
import { indexedStore, localStore } from "./stores.js";
import { createTracker as create } from "./tracker.js";
import type { Options, Tracker } from "./types.js";
import { storedVisitor } from "./visitor.js";

export type * from "./types.js";

export const createTracker = (options: Options = {}): Tracker => {
  const name = options.name || "ugc";
  const visitors = storedVisitor(name);
  const stores = [indexedStore(name), localStore(name)];
  const queue = createQueue(stores, () => visitors.next().n);
  const parts = { exclusive, gzip, explain };
  return create(options, visitors, createSender(options, name, queue, visitors, parts), watchRoutes);
};

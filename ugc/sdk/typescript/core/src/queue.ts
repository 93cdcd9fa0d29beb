/**
 * Events that are not answered yet: in a store that outlives the page, and those of this page also
 * in memory, where they are at hand when the page is left and safe when no store takes them.
 */

/** An event as it is sent, without token and number. */
export interface Message {
  event: string;
  event_id: string;
  version?: number;
  data: object;
  context?: object;
}

export interface Entry {
  /** `anonymous_id` of who sent it; with the number below it is the entry's place. */
  a: string;
  /** The number. */
  n: number;
  /** The event. */
  e: Message;
  /** Its bytes as JSON. */
  b: number;
}

export interface Store {
  /** Fails with `ConstraintError` where the entry's place is taken, else when it cannot store. */
  add(entry: Entry): Promise<unknown>;
  all(): Promise<Entry[]>;
  remove(entries: Entry[]): Promise<unknown>;
  /** Lets go of what would keep the page from being kept by the browser. */
  close(): void;
  /** Leaves not even an empty place. */
  drop(): void;
}

const MOST_EVENTS = 2_000;
const MOST_BYTES = 4_194_304;

const idOf = (entry: Entry): string => entry.e.event_id;

/**
 * @param stores the last of them stores before its `add` returns.
 * @param renumber gives another number, when two tabs took one.
 */
export function createQueue(stores: Store[], renumber: () => number) {
  /** Of this page, by `event_id`; stored ones are in `kept` as well. */
  const own = new Map<string, Entry>();
  const kept = new Set<string>();
  /** Answered, and in a store that does not let them go. */
  const done = new Set<string>();
  const writing = new Set<Promise<void>>();
  /** What the stores held when they were last read, and what came and went since. */
  let count = 0;
  let bytes = 0;

  /** Everything that waits, of all tabs, the oldest first. */
  async function all(): Promise<Entry[]> {
    await Promise.all(writing);
    const before = new Set(kept);
    const found = new Map<string, Entry>();
    for (const store of stores)
      for (const entry of await store.all().catch(() => []))
        if (!done.has(idOf(entry)) && !found.has(idOf(entry))) found.set(idOf(entry), entry);
    for (const [id, entry] of own)
      if (!found.has(id))
        if (before.has(id)) own.delete(id); // another tab has sent it
        else found.set(id, entry);
    const entries = [...found.values()].sort((one, other) => one.n - other.n);
    count = entries.length;
    bytes = entries.reduce((sum, entry) => sum + entry.b, 0);
    return entries;
  }

  async function remove(entries: Entry[]): Promise<void> {
    for (const entry of entries) {
      own.delete(idOf(entry));
      kept.delete(idOf(entry));
      count--;
      bytes -= entry.b;
    }
    for (const store of stores)
      await store.remove(entries).catch(() => entries.map((entry) => done.add(idOf(entry))));
  }

  async function keep(entry: Entry): Promise<void> {
    for (let at = 0; at < stores.length; ) {
      try {
        await stores[at]!.add(entry);
        kept.add(idOf(entry));
        return;
      } catch (error) {
        if ((error as Error | null)?.name == "ConstraintError") entry.n = renumber();
        else at++;
      }
    }
  }

  return {
    own,
    kept,
    count: () => count,
    /** False when the queue is full. */
    add(entry: Entry): boolean {
      if (count >= MOST_EVENTS || bytes + entry.b > MOST_BYTES) return false;
      count++;
      bytes += entry.b;
      own.set(idOf(entry), entry);
      const write = keep(entry).then(() => void writing.delete(write));
      writing.add(write);
      return true;
    },
    all,
    /** Forgets everything but what is this visitor's. */
    async clear(visitor: string): Promise<void> {
      await remove((await all()).filter(({ a }) => a != visitor));
      // What is added after this line is written after it as well.
      if (!own.size)
        for (const store of stores)
          try {
            store.drop();
          } catch {}
    },
    remove,
    /** The page may end before its writes do: what is not stored yet goes where that takes no time. */
    hurry(): void {
      for (const [id, entry] of own)
        if (!kept.has(id)) stores[stores.length - 1]!.add(entry).catch(() => {});
    },
    close: () => stores.map((store) => store.close()),
  };
}

export type Queue = ReturnType<typeof createQueue>;

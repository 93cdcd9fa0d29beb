/** Where a queue can outlive its page. */
import type { Entry, Store } from "./queue.js";

const PATIENCE_MS = 3_000;

/** A database of one table. A tab that dies in the middle of a write leaves all of it or nothing. */
export function indexedStore(name: string): Store {
  let opening: Promise<IDBDatabase> | undefined;

  const open = () =>
    (opening ??= new Promise((done, fail) => {
      // Browsers are known to leave this without an answer.
      setTimeout(fail, PATIENCE_MS);
      const request = indexedDB.open(name);
      request.onupgradeneeded = () =>
        request.result.createObjectStore(name, { keyPath: ["a", "n"] });
      request.onsuccess = () => {
        // Whoever wants to delete the database is not kept waiting.
        request.result.onversionchange = close;
        done(request.result);
      };
      request.onerror = fail;
    }));

  const close = () => {
    opening?.then((database) => database.close()).catch(() => {});
    opening = undefined;
  };

  async function run<T>(
    mode: IDBTransactionMode,
    act: (table: IDBObjectStore) => IDBRequest<T> | void,
  ): Promise<T | undefined> {
    const database = await open();
    return new Promise((done, fail) => {
      const transaction = database.transaction(name, mode);
      const request = act(transaction.objectStore(name));
      transaction.oncomplete = () => done(request?.result);
      transaction.onabort = () => fail(transaction.error);
      // Not only when the page has time again: it may be on its way out.
      transaction.commit?.();
    });
  }

  return {
    add: (entry) => run("readwrite", (table) => table.add(entry)),
    all: async () => (await run<Entry[]>("readonly", (table) => table.getAll()))!,
    remove: (entries) =>
      run("readwrite", (table) => {
        for (const { a, n } of entries) table.delete([a, n]);
      }),
    close,
    drop() {
      close();
      indexedDB.deleteDatabase(name);
    },
  };
}

/** localStorage, one item for each event, so that no tab overwrites what another adds. */
export function localStore(name: string): Store {
  const place = (entry: Entry): string => name + "." + entry.e.event_id;
  return {
    add: async (entry) => localStorage.setItem(place(entry), JSON.stringify(entry)),
    all: async () =>
      Object.keys(localStorage)
        .filter((each) => each.startsWith(name + "."))
        .map((each) => JSON.parse(localStorage[each])),
    remove: async (entries) => entries.map((entry) => localStorage.removeItem(place(entry))),
    close() {},
    drop() {},
  };
}

/** One tab at a time. */
import { uuid } from "./ids.js";

const LEASE_MS = 45_000;
const LOOK_MS = 500;
/** As long as what one tab writes may take to be seen by another. */
const SETTLE_MS = 50;

export type Exclusive = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Through Web Locks; where they are missing, a lease in localStorage that runs out. */
export const exclusive: Exclusive = async (name, work) => {
  try {
    if (navigator.locks) return await navigator.locks.request(name, work);
  } catch {
    // A page that may not store anything may not lock anything either.
  }
  return leased(name + ":lease", work);
};

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function leased<T>(place: string, work: () => Promise<T>): Promise<T> {
  const mine = uuid();
  const holder = () => {
    const [who, until] = (localStorage[place] || "").split(" ");
    return +until > Date.now() && who;
  };
  try {
    while (holder() != mine) {
      while (holder()) await sleep(LOOK_MS);
      localStorage[place] = mine + " " + (Date.now() + LEASE_MS);
      await sleep(SETTLE_MS);
    }
  } catch {
    // Nothing can be stored, so tabs have nothing in common that they could send twice.
    return work();
  }
  try {
    return await work();
  } finally {
    if (holder() == mine) localStorage.removeItem(place);
  }
}

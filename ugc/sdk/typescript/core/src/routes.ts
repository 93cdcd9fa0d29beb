/** The route: a `#/…` is one too. */
const route = () => location.pathname + (location.hash[1] == "/" ? location.hash : "");

/** Calls `moved` when an application of one page has gone to another route. */
export function watchRoutes(moved: () => void): void {
  let last = route();
  const look = () => {
    if (route() == last) return;
    last = route();
    moved();
  };
  const methods = history as unknown as Record<string, (...given: unknown[]) => void>;
  for (const name of ["pushState", "replaceState"]) {
    const original = methods[name]!;
    methods[name] = (...given) => {
      original.apply(history, given);
      look();
    };
  }
  addEventListener("popstate", look);
}

// The addresses of the pages: #/, #/category/drama, #/film/lt-0101, #/search.

const TYPES = { "": "home", category: "category", film: "movie", search: "search" };

/** Place and what of it: `["film", "lt-0101"]`. */
export function partsOf(hash) {
  const [, place = "", what = ""] = hash.replace(/^#/, "").split("/");
  return [place, what];
}

/** The kind of page, as the contracts' `page_type` has it. */
export const typeOf = (hash) => TYPES[partsOf(hash)[0]] ?? "missing";

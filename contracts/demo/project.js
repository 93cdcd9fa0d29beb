// What the tracker is to know of these contracts; a generated package brings it along.

export const PROJECT = {
  pairs: {
    page_view: { start: "page_view_start", end: "page_view_end", id: "page_view_id", shared: ["page_view_id", "page_type"] },
  },
  pages: { pair: "page_view", type: "page_type" },
};

"use strict";
// Search, buttons that copy, and the address of the API that serves the page. All else works without.
(() => {
  const { root, index } = document.body.dataset;
  const place = (id) => document.getElementById(id);

  // What the API serves is told with the API's own address.
  if ("served" in document.documentElement.dataset && location.origin !== "null") {
    for (const code of document.querySelectorAll("pre.code code")) {
      if (code.textContent.includes("http://127.0.0.1:8000")) {
        code.textContent = code.textContent.replaceAll("http://127.0.0.1:8000", location.origin);
      }
    }
  }

  if (navigator.clipboard) {
    for (const block of document.querySelectorAll("pre.code")) {
      const button = document.createElement("button");
      const text = block.textContent;
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(text.trim());
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      block.append(button);
    }
  }

  const form = place("search");
  if (!form) {
    return;
  }
  const [query, found, results, all] = ["query", "found", "results", "all"].map(place);
  const MOST = 40;
  let loading = null;
  form.hidden = false;

  // The data is a script, since a page that was opened from a disk may fetch nothing.
  const load = () => {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${root}search.js`;
      script.onload = resolve;
      script.onerror = () => { loading = null; reject(new Error("search.js is missing")); };
      document.head.append(script);
    });
    return loading;
  };

  // The lower the better; Infinity for what does not have every word.
  const rank = ([kind, name, text], words) => {
    const lower = name.toLowerCase();
    let sum = { event: 0, field: 1, context: 1 }[kind] ?? 2;
    for (const word of words) {
      const at = lower.indexOf(word);
      if (lower === word) {
        sum += 0;
      } else if (at === 0) {
        sum += 3;
      } else if (at > 0) {
        sum += /[a-z0-9]/.test(lower[at - 1]) ? 9 : 6;
      } else if (text.toLowerCase().includes(word)) {
        sum += 20;
      } else {
        return Infinity;
      }
    }
    return sum;
  };

  const shown = ([kind, name, text, path, anchor]) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const code = document.createElement("code");
    const words = document.createElement("span");
    const where = document.createElement("small");
    link.href = root + path + index + (anchor ? `#${anchor}` : "");
    code.textContent = name;
    link.append(code);
    words.textContent = text;
    where.textContent = kind === "field" ? `field of ${path.split("/")[1]}` : kind;
    item.append(link, words, where);
    return item;
  };

  const search = async () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    all.hidden = words.length > 0;
    results.hidden = words.length === 0;
    if (!words.length) {
      results.replaceChildren();
      found.textContent = "";
      return;
    }
    try {
      await load();
    } catch (error) {
      found.textContent = `Search does not work: ${error.message}.`;
      return;
    }
    const ranked = self.ugcSearch
      .map((entry) => [rank(entry, words), entry])
      .filter(([value]) => value < Infinity)
      .sort(([one], [other]) => one - other);
    results.replaceChildren(...ranked.slice(0, MOST).map(([, entry]) => shown(entry)));
    const more = ranked.length > MOST ? `, the first ${MOST} are shown` : "";
    found.textContent = ranked.length ? `${ranked.length} found${more}` : "Nothing found.";
  };

  query.addEventListener("focus", () => load().catch(() => {}));
  query.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.click();
  });
  document.addEventListener("keydown", (event) => {
    const links = [...results.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const inSearch = at >= 0 || document.activeElement === query;
    if (event.key === "/" && document.activeElement !== query) {
      event.preventDefault();
      query.focus();
      query.select();
    } else if (event.key === "Escape" && inSearch) {
      query.value = "";
      query.focus();
      search();
    } else if (event.key === "ArrowDown" && inSearch && links.length) {
      event.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at ? links[at - 1] : query).focus();
    }
  });
  // A search that was left is there again on the way back.
  if (query.value) {
    search();
  }
})();

// Puts the cinema together: addresses, clicks, sign-in, and the panel beside it.

import { partsOf } from "./addresses.js";
import { byId, el } from "./dom.js";
import { CATEGORIES, VISITORS } from "./films.js";
import * as hints from "./hints.js";
import { Panel } from "./panel.js";
import * as tracking from "./tracking.js";
import * as views from "./views.js";

const view = byId("view");

/** What an address shows; nothing where there is no such page. */
function shownAt(hash) {
  const [place, what] = partsOf(hash);
  switch (place) {
    case "": return views.home();
    case "category": return views.category(what);
    case "film": return views.film(what);
    case "search": return views.search();
    default: return null;
  }
}

function go(isFirst) {
  view.querySelector(".stage")?.player?.pause();
  view.replaceChildren(...(shownAt(location.hash) ?? views.missing()).flat());
  const heading = view.querySelector("h1");
  document.title = partsOf(location.hash)[0] === "" ? "The Lantern" : `${heading.textContent} · The Lantern`;
  for (const link of document.querySelectorAll(".top a")) {
    if (link.getAttribute("href") === (location.hash || "#/")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (isFirst) return;
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

function showVisitor(visitor) {
  const button = byId("sign");
  button.textContent = visitor ? `${visitor.name}: sign out` : "Sign in";
  button.onclick = visitor ? () => signIn(null) : () => byId("sign-in").showModal();
}

async function signIn(visitor) {
  const dialog = byId("sign-in");
  try {
    await tracking.signIn(visitor?.user_id ?? null);
  } catch (error) {
    dialog.querySelector(".problem").textContent = `No token: ${error.message}`;
    return;
  }
  dialog.close();
  showVisitor(visitor);
  if (visitor) hints.noticed({ event: "signed_in" });
}

function buildSignIn() {
  byId("sign-in").append(
    el("h2", { id: "sign-in-title" }, "Who is watching?"),
    el("p", {}, "No password: the auth stand-in of the local stack gives a token to each of them."),
    el("p", { className: "visitors" }, VISITORS.map((each) =>
      el("button", { type: "button", className: "go", "data-click": "visitor", onclick: () => signIn(each) }, each.name))),
    el("p", { className: "problem", role: "alert" }),
    el("button", { type: "button", onclick: () => byId("sign-in").close() }, "Cancel"));
}

function start() {
  byId("categories").append(...CATEGORIES.map((each) =>
    el("a", { href: `#/category/${each}`, "data-click": "category" }, each)));
  buildSignIn();
  showVisitor(null);
  hints.start();
  const panel = new Panel(byId("panel"), byId("latest"));
  tracking.listen(
    (sent) => { panel.sent(sent); hints.noticed(sent); },
    (answers) => {
      panel.answered(answers);
      if (answers.some((each) => each.status === "rejected")) hints.noticed({ refused: true });
    },
  );
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    view.querySelector("h1").focus();
  });
  // Before the address changes: the click belongs to the page that it was made on.
  document.addEventListener("click", (event) => {
    const on = event.target.closest("[data-click]");
    if (on) tracking.clicked(on.dataset.click);
  }, true);
  addEventListener("hashchange", () => go(false));
  go(true);
  tracking.start();
}

start();

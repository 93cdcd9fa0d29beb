// The pages of the cinema, as elements.

import { el } from "./dom.js";
import { ACTORS, CATEGORIES, FILMS, FILM_SECONDS, TRAILER_SECONDS, filmOf } from "./films.js";
import { Player } from "./player.js";
import { poster } from "./scenes.js";
import * as tracking from "./tracking.js";

const title = (text) => el("h1", { tabIndex: -1 }, text);

const name = (category) => category[0].toUpperCase() + category.slice(1);

function card(film) {
  return el("li", {},
    el("a", { className: "card", href: `#/film/${film.id}`, "data-click": "movie" },
      el("span", { className: "picture" }, poster(film, 4)),
      el("span", { className: "name" }, film.title),
      el("span", { className: "facts" }, `${film.year} · ★ ${film.rating.toFixed(1)}`)));
}

const row = (films) => el("ul", { className: "cards" }, films.map(card));

export function home() {
  const first = FILMS[0];
  return [
    el("section", { className: "hero" }, poster(first, 5),
      el("div", { className: "over" },
        el("p", { className: "tonight" }, "Tonight at The Lantern"),
        title(first.title),
        el("p", {}, first.about),
        el("a", { className: "go", href: `#/film/${first.id}`, "data-click": "promotion" }, "Watch"))),
    el("div", { className: "shelves" }, CATEGORIES.map((category) => el("section", {},
      el("h2", {}, el("a", { href: `#/category/${category}`, "data-click": "category" }, name(category))),
      row(FILMS.filter((each) => each.category === category))))),
  ];
}

export function category(wanted) {
  const films = FILMS.filter((each) => each.category === wanted);
  if (films.length === 0) return null;
  return [title(name(wanted)), row(films)];
}

export function film(id) {
  const found = filmOf(id);
  if (!found) return null;
  const place = el("div", { className: "stage" });
  const open = (kind, seconds) => {
    const player = new Player(found, {
      name: kind === "trailer" ? `Trailer of ${found.title}` : found.title,
      seconds,
      onQuality: (old, now) => tracking.qualityChanged(found, old, now),
      onEnd: (whole) => kind === "movie" && tracking.completed(found, whole),
    });
    place.player?.pause();
    place.player = player;
    place.replaceChildren(player.element);
    return player;
  };
  open("movie", FILM_SECONDS);
  const play = (kind, seconds) => () => open(kind, seconds).play();
  const others = FILMS.filter((each) => each.scene !== found.scene && each.category !== found.category);
  return [
    title(found.title),
    el("p", { className: "facts" },
      el("a", { href: `#/category/${found.category}`, "data-click": "category" }, name(found.category)),
      ` · ${found.year} · ★ ${found.rating.toFixed(1)} · ${found.actors.join(", ")}`),
    el("p", { className: "about" }, found.about),
    el("p", { className: "actions" },
      el("button", { type: "button", className: "go", "data-click": "play", onclick: play("movie", FILM_SECONDS) },
        `Play the film · ${FILM_SECONDS} s`),
      el("button", { type: "button", "data-click": "trailer", onclick: play("trailer", TRAILER_SECONDS) },
        `Trailer · ${TRAILER_SECONDS} s`)),
    place,
    el("section", {}, el("h2", {}, "More to see"), row(others.slice(0, 4))),
  ];
}

const options = (first, values, show = (each) => each) => [
  el("option", { value: "" }, first),
  values.map((each) => el("option", { value: each }, show(each))),
];

export function search() {
  const results = el("div", { role: "status" });
  const query = el("input", { type: "search", name: "query", maxLength: 100, autocomplete: "off" });
  const genre = el("select", { name: "genre" }, options("Any", CATEGORIES, name));
  const rating = el("select", { name: "rating" }, options("Any", [8.5, 8, 7.5, 7], (each) => `${each} and more`));
  const actor = el("select", { name: "actor" }, options("Anybody", ACTORS));
  const fits = (each) =>
    (query.value === "" || `${each.title} ${each.about}`.toLowerCase().includes(query.value.trim().toLowerCase())) &&
    (genre.value === "" || each.category === genre.value) &&
    (rating.value === "" || each.rating >= Number(rating.value)) &&
    (actor.value === "" || each.actors.includes(actor.value));
  const show = () => {
    const found = FILMS.filter(fits);
    const told = found.length === 1 ? "1 film" : `${found.length} films`;
    results.replaceChildren(el("h2", {}, told), row(found));
  };
  const filters = () => [
    genre.value && `genre=${genre.value}`,
    rating.value && `rating>=${rating.value}`,
    actor.value && `actor=${actor.value}`,
  ].filter(Boolean).join(";") || "none";
  const submit = (event) => {
    event.preventDefault();
    tracking.searched(query.value.trim(), filters());
    show();
  };
  show();
  const field = (label, input) => el("label", {}, el("span", {}, label), input);
  return [
    title("Search"),
    el("form", { className: "search", role: "search", onsubmit: submit },
      field("Words", query), field("Genre", genre), field("Rating", rating), field("Actor", actor),
      el("button", { className: "go" }, "Search")),
    results,
  ];
}

export const missing = () => [
  title("Nothing is shown here"),
  el("p", {}, el("a", { href: "#/" }, "To tonight's films")),
];

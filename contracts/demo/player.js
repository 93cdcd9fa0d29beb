// Plays a scene as a film: a timeline, play and pause, a position to drag, and qualities that show.

import { el, calm } from "./dom.js";
import { QUALITIES } from "./films.js";
import { frame } from "./scenes.js";

/** Quality → pixels of the picture's height. Small on purpose: 360p is to look like it. */
const PIXELS = { 360: 60, 720: 270, 1080: 720, 2160: 1440 };
const FIRST_QUALITY = 720;
const CALM_SECONDS = 1;

const clock = (seconds) => `0:${String(Math.floor(seconds)).padStart(2, "0")}`;

export class Player {
  /**
   * `onQuality(old, new)` after a change; `onEnd(whole)` at the end, `whole` if nothing was skipped.
   */
  constructor(film, { name, seconds, onQuality, onEnd }) {
    Object.assign(this, { film, seconds, onQuality, onEnd, name });
    this.at = 0;
    this.seen = 0;
    this.skipped = false;
    this.quality = FIRST_QUALITY;
    this.running = null;
    this.build();
    this.show();
  }

  build() {
    this.canvas = el("canvas", { role: "img", "aria-label": `${this.name}, drawn` });
    this.caption = el("p", { className: "caption" });
    this.ended = el("p", { className: "ended", hidden: true }, "The end");
    this.button = el("button", { type: "button", className: "play", onclick: () => this.toggle() });
    this.slider = el("input", {
      type: "range", min: 0, max: this.seconds, step: 0.1, value: 0, "aria-label": "Position",
      oninput: () => this.seek(Number(this.slider.value)),
    });
    this.time = el("span", { className: "time" });
    this.choice = el("select", { onchange: () => this.choose(Number(this.choice.value)) },
      QUALITIES.map((each) => el("option", { value: each, selected: each === this.quality }, `${each}p`)));
    this.element = el("div", { className: "player" },
      el("div", { className: "screen" }, this.canvas, this.caption, this.ended),
      el("div", { className: "controls" }, this.button, this.slider, this.time,
        el("label", {}, el("span", {}, "Quality "), this.choice)));
    this.size();
  }

  size() {
    this.canvas.height = PIXELS[this.quality];
    this.canvas.width = Math.round((PIXELS[this.quality] * 16) / 9);
  }

  choose(quality) {
    const old = this.quality;
    this.quality = quality;
    this.size();
    this.draw();
    this.onQuality(old, quality);
  }

  toggle() {
    if (this.running) this.pause();
    else this.play();
  }

  play() {
    if (this.at >= this.seconds) this.restart();
    let before = performance.now();
    const step = (now) => {
      this.at = Math.min(this.at + Math.max(now - before, 0) / 1000, this.seconds);
      before = now;
      this.seen = Math.max(this.seen, this.at);
      if (this.at >= this.seconds) {
        this.finish();
        return;
      }
      this.running = requestAnimationFrame(step);
      this.show();
    };
    this.running = requestAnimationFrame(step);
    this.show();
  }

  pause() {
    cancelAnimationFrame(this.running);
    this.running = null;
    this.show();
  }

  restart() {
    this.at = this.seen = 0;
    this.skipped = false;
  }

  seek(at) {
    if (at > this.seen + 0.3) this.skipped = true;
    this.at = at;
    if (at >= this.seconds && !this.running) this.finish();
    else this.show();
  }

  finish() {
    this.pause();
    this.onEnd(!this.skipped);
  }

  show() {
    const over = this.at >= this.seconds;
    this.button.textContent = this.running ? "Pause" : over ? "Again" : "Play";
    this.ended.hidden = !over;
    this.slider.value = this.at;
    this.slider.setAttribute("aria-valuetext", `${Math.floor(this.at)} of ${this.seconds} seconds`);
    this.time.textContent = `${clock(this.at)} / ${clock(this.seconds)}`;
    const line = Math.floor((this.at / this.seconds) * this.film.lines.length);
    const said = this.running ? this.film.lines[line] ?? "" : "";
    if (this.caption.textContent !== said) this.caption.textContent = said;
    this.draw();
  }

  /** With reduced motion the film is a row of stills. */
  draw() {
    const at = calm() ? Math.floor(this.at / CALM_SECONDS) * CALM_SECONDS : this.at;
    frame(this.canvas, this.film, at);
  }
}

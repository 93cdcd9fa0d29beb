// What the films show: scenes in a frame of 160 × 90, drawn by a pen. One pen draws posters as SVG,
// the other one the film on a canvas; so a poster is a frame of its film.

const WIDE = 160;
const HIGH = 90;

function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const seedOf = (id) => [...id].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) | 0;

const r = (number) => Math.round(number * 100) / 100;

/** Hills or waves: an area below a sum of two sine waves. */
function swell(y, high, long, phase) {
  let path = `M0 ${HIGH}`;
  for (let x = 0; x <= WIDE; x += 4) {
    const at = y + Math.sin((x + phase) / long) * high + Math.sin((x + phase) / long * 2.3 + 1) * high * 0.35;
    path += `L${x} ${r(at)}`;
  }
  return `${path}L${WIDE} ${HIGH}Z`;
}

function glow(pen, x, y, radius, color) {
  for (const [more, alpha] of [[2.6, 0.1], [1.8, 0.16], [1.3, 0.3]]) pen.disc(x, y, radius * more, color, alpha);
  pen.disc(x, y, radius, color);
}

function orbit(pen, t, c, random) {
  for (let star = 0; star < 90; star++) {
    const [x, y, size, beat] = [random() * WIDE, random() * HIGH, random() * 0.5 + 0.2, random() * 6];
    pen.disc(x, y, size, c.light, 0.45 + 0.5 * Math.abs(Math.sin(t * 0.8 + beat)));
  }
  const [x, y, size] = [112 - t * 0.7, 50, 27 + t * 0.4];
  const ring = (sweep) => `M${r(x - size * 1.75)} ${y + 7}A${r(size * 1.8)} ${r(size * 0.42)} -10 0 ${sweep} ${r(x + size * 1.75)} ${y - 9}`;
  pen.line(ring(1), c.mid, 2.6);
  pen.disc(x, y, size, c.far);
  for (let band = -2; band < 3; band++) {
    const high = band * size * 0.33;
    const half = Math.sqrt(size * size - high * high) * 0.98;
    pen.line(`M${r(x - half)} ${r(y + high)}Q${r(x)} ${r(y + high + 4)} ${r(x + half)} ${r(y + high)}`, c.mid, 1.6 + (band & 1), 0.5);
  }
  pen.clipDisc(x, y, size, () => pen.disc(x + size * 0.55, y + size * 0.3, size * 1.15, c.near, 0.55));
  pen.line(ring(0), c.light, 2.2, 0.85);
  const way = -14 + t * 14.5;
  const high = 66 - way * 0.22 + Math.sin(t * 2) * 0.8;
  pen.line(`M${r(way - 30)} ${r(high + 6.4)}L${r(way - 3)} ${r(high + 0.6)}`, c.light, 0.7, 0.5);
  pen.shape(`M${r(way + 8)} ${r(high - 1.6)}L${r(way - 4)} ${r(high - 3.4)}L${r(way - 2)} ${r(high)}L${r(way - 3.4)} ${r(high + 3)}Z`, "#f4f1ff");
  pen.disc(way - 4.6, high, 1.1 + Math.sin(t * 30) * 0.3, "#ff9f5a");
}

function tide(pen, t, c, random) {
  for (let star = 0; star < 40; star++) pen.disc(random() * WIDE, random() * 40, random() * 0.4 + 0.15, c.light, 0.7);
  glow(pen, 116, 26 + t * 0.5, 9, c.light);
  const turn = Math.sin(t * 0.9);
  const tip = 34;
  const beam = turn >= 0 ? 160 : -90;
  pen.shape(`M${tip} 27L${beam} ${r(4 + Math.abs(turn) * 10)}L${beam} ${r(30 + Math.abs(turn) * 18)}Z`, c.light, 0.1 + 0.25 * Math.abs(turn));
  pen.shape("M0 90L0 66Q20 56 52 70L70 90Z", c.near);
  pen.shape(`M29 62L31.4 30L36.6 30L39 62Z`, "#f3ead7");
  for (const top of [36, 46, 56]) pen.shape(`M${30.8 - (top - 36) * 0.075} ${top}L${37.2 + (top - 36) * 0.075} ${top}L${37.5 + (top - 36) * 0.075} ${top + 5}L${30.5 - (top - 36) * 0.075} ${top + 5}Z`, "#b8323a");
  pen.rect(31, 24, 6, 6, c.light);
  pen.shape("M30 24L34 19.5L38 24Z", "#4a2230");
  pen.shape(swell(60, 1.4, 13, t * 4), c.far);
  const [x, y] = [78 + t * 3.2, 60 + Math.sin(t * 1.6) * 1.4];
  pen.shape(`M${r(x - 9)} ${r(y)}L${r(x + 10)} ${r(y)}L${r(x + 6)} ${r(y + 5)}L${r(x - 6)} ${r(y + 5)}Z`, "#2a1a22");
  pen.line(`M${r(x)} ${r(y)}L${r(x)} ${r(y - 17)}`, "#2a1a22", 0.8);
  pen.shape(`M${r(x + 0.8)} ${r(y - 16)}Q${r(x + 9)} ${r(y - 8)} ${r(x + 8.5)} ${r(y - 2)}L${r(x + 0.8)} ${r(y - 2)}Z`, "#fff4e0");
  pen.shape(swell(67, 1.8, 17, -t * 6), c.mid);
  pen.shape(swell(76, 2.4, 22, t * 9), c.near);
}

function city(pen, t, c, random) {
  glow(pen, 128, 20, 7, c.light);
  for (const [color, low, most, drift] of [[c.far, 62, 34, 0.6], [c.mid, 74, 40, 1.4]]) {
    for (let x = -10 - t * drift; x < WIDE;) {
      const [wide, high] = [9 + random() * 11, 16 + random() * most];
      pen.rect(x, low - high + 16, wide + 0.3, high + 30, color);
      for (let wy = low - high + 20; wy < low + 8; wy += 5) {
        for (let wx = x + 2; wx < x + wide - 2; wx += 3.6) {
          const lit = random();
          if (lit > 0.58) pen.rect(wx, wy, 1.7, 2.4, c.light, lit > 0.97 && Math.sin(t * 5) > 0 ? 0.1 : 0.35 + lit * 0.5);
        }
      }
      x += wide;
    }
  }
  pen.rect(0, 74, WIDE, 1.4, c.near);
  const train = 175 - t * 25;
  for (let car = 0; car < 5; car++) {
    const x = train + car * 27;
    pen.rect(x, 65.4, 26, 8.6, c.near);
    for (let window = 0; window < 5; window++) pen.rect(x + 2 + window * 4.6, 67.2, 3.2, 3, c.light, 0.92);
  }
  for (let pillar = 10; pillar < WIDE; pillar += 36) pen.rect(pillar, 75, 3, 15, c.near);
  for (let drop = 0; drop < 60; drop++) {
    const [x, y] = [(random() * 200 + t * -14) % 190, (random() * HIGH + t * 85) % HIGH];
    pen.line(`M${r(x)} ${r(y)}l-1.2 4`, "#d5d9ff", 0.28, 0.4);
  }
  for (let lantern = 0; lantern < 6; lantern++) {
    const [x, y] = [14 + lantern * 27, 11 + Math.sin(lantern * 1.2) * 3 + Math.sin(t * 1.4 + lantern) * 1.1];
    pen.line(`M${x} 0L${x} ${r(y - 3)}`, c.near, 0.4);
    pen.disc(x, y, 6.4, "#ff6b3d", 0.16);
    pen.shape(`M${x - 2.6} ${r(y - 3.4)}h5.2q2.6 3.4 0 6.8h-5.2q-2.6 -3.4 0 -6.8Z`, "#ff6b3d");
    pen.rect(x - 1.1, y - 3.4, 2.2, 6.8, c.light, 0.75);
  }
}

function dunes(pen, t, c, random) {
  glow(pen, 104, 26 + t * 1.5, 12, c.light);
  pen.shape(swell(54, 4, 30, 10 + t), c.far);
  pen.shape(swell(62, 6, 38, 70 + t * 2.2), c.mid);
  const [x, y] = [t * 13 - 4, 34 + Math.sin(t * 1.1) * 7];
  const lean = Math.cos(t * 1.1) * 3;
  pen.line(`M${r(x - 34)} ${r(y + 5)}Q${r(x - 20)} ${r(y + 9)} ${r(x - 9)} ${r(y + 2)}`, "#ffffff", 0.5, 0.7);
  pen.shape(`M${r(x + 11)} ${r(y + lean)}L${r(x - 9)} ${r(y - 6)}L${r(x - 3)} ${r(y + 1)}Z`, "#ffffff");
  pen.shape(`M${r(x + 11)} ${r(y + lean)}L${r(x - 3)} ${r(y + 1)}L${r(x - 5)} ${r(y + 7)}Z`, "#e5d5cf");
  pen.shape(swell(72, 7, 44, 150 + t * 4), c.near);
  for (let grain = 0; grain < 40; grain++) {
    pen.disc((random() * WIDE + t * 30 * (0.5 + random())) % WIDE, 60 + random() * 28, 0.3, c.light, 0.6);
  }
}

function forest(pen, t, c, random) {
  glow(pen, 44, 30, 12, c.light);
  pen.shape(swell(60, 3, 26, t * 2), c.far);
  for (const [color, number, width, speed, low] of [[c.far, 12, 3.4, 1.5, 70], [c.mid, 9, 5, 3.5, 80]]) {
    for (let tree = 0; tree < number; tree++) {
      const x = ((random() * 30 + tree * (200 / number) - t * speed + 400) % 200) - 20;
      const wide = width * (0.8 + random() * 0.5);
      const top = 4 + random() * 16;
      pen.rect(x, top, wide, low - top, color);
      for (let crown = 0; crown < 4; crown++) {
        const [half, y] = [wide * (1.6 + crown * 0.6), top + crown * 9];
        pen.shape(`M${r(x + wide / 2)} ${r(y - 9)}L${r(x + wide / 2 + half)} ${r(y + 7)}L${r(x + wide / 2 - half)} ${r(y + 7)}Z`, color);
      }
    }
  }
  pen.shape(swell(76, 2.4, 19, t * 8), c.near);
  const [x, y] = [96, 73 + Math.abs(Math.sin(t * 5)) * -2.4];
  const leg = Math.sin(t * 10) * 3;
  for (const [from, to] of [[-8, leg], [-5, -leg], [7, -leg], [10, leg]]) pen.line(`M${x + from} ${r(y)}l${r(to)} 7`, "#3a1d1d", 1.5);
  pen.shape(`M${x - 10} ${r(y - 2)}q-12 ${r(2 + leg)} -20 ${r(-5 - leg)}q4 10 10 10q5 1 10 -1Z`, "#e4572e");
  pen.shape(`M${x - 27.4} ${r(y - 4.4 - leg * 0.6)}l-4 -2q2 6 6 6.6Z`, "#fff4e6");
  pen.shape(`M${x - 12} ${r(y - 1)}q2 -7 12 -6q9 -1 13 -4l3 7q-6 8 -15 8q-11 1 -13 -5Z`, "#e4572e");
  pen.shape(`M${x + 10} ${r(y - 9)}l2 -7l4.4 4.2l3.6 -.2l3.8 -3.6l.6 7l6 4.6l-8 3.4q-9 0 -12.4 -8.4Z`, "#e4572e");
  pen.shape(`M${x + 22} ${r(y - 3)}l8.4 -1l-8 3.4q-4 0 -6.4 -1.6Z`, "#fff4e6");
  pen.disc(x + 22, y - 6.4, 0.8, "#2a1414");
  for (let fly = 0; fly < 16; fly++) {
    const [fx, fy, beat] = [random() * WIDE, 30 + random() * 50, random() * 6];
    const light = Math.abs(Math.sin(t + beat));
    pen.disc(fx + Math.sin(t + beat) * 4, fy + Math.cos(t * 0.7 + beat) * 3, 1.8, c.light, light * 0.25);
    pen.disc(fx + Math.sin(t + beat) * 4, fy + Math.cos(t * 0.7 + beat) * 3, 0.6, c.light, light);
  }
}

function balloons(pen, t, c, random) {
  for (let cloud = 0; cloud < 5; cloud++) {
    const [x, y] = [(random() * 190 + t * (1 + random())) % 190 - 15, 8 + random() * 34];
    for (const [dx, dy, size] of [[-6, 1, 4], [0, -1, 6], [7, 1, 4.4]]) pen.disc(x + dx, y + dy, size, "#ffffff", 0.75);
  }
  pen.shape(swell(66, 4, 24, 20), c.far);
  pen.shape(swell(73, 4, 31, 90), c.mid);
  const colors = [c.light, "#ffd166", "#5f6caf", "#f38ba0", "#3d9970", "#ff9f5a"];
  for (let each = 0; each < 6; each++) {
    const size = 5 + random() * 6.5;
    const x = 14 + each * 26 + Math.sin(t * 0.6 + each * 2) * 3;
    const y = 58 - random() * 22 - t * (1.2 + random() * 1.8);
    pen.line(`M${r(x - size * 0.5)} ${r(y + size * 0.8)}L${r(x - 1.4)} ${r(y + size * 1.9)}M${r(x + size * 0.5)} ${r(y + size * 0.8)}L${r(x + 1.4)} ${r(y + size * 1.9)}`, "#4a3728", 0.4);
    pen.shape(`M${r(x - size)} ${r(y)}a${r(size)} ${r(size)} 0 0 1 ${r(size * 2)} 0q0 ${r(size * 0.8)} ${r(-size * 0.75)} ${r(size * 1.3)}h${r(-size * 0.5)}q${r(-size * 0.75)} ${r(-size * 0.5)} ${r(-size * 0.75)} ${r(-size * 1.3)}Z`, colors[each]);
    pen.shape(`M${r(x)} ${r(y - size)}q${r(-size * 0.8)} ${r(size)} 0 ${r(size * 2.3)}q${r(size * 0.8)} ${r(-size * 1.3)} 0 ${r(-size * 2.3)}Z`, "#ffffff", 0.35);
    pen.rect(x - 1.7, y + size * 1.85, 3.4, 2.5, "#6b4226");
  }
  pen.shape(swell(81, 3, 22, 140), c.near);
  for (let house = 0; house < 9; house++) {
    const x = 6 + house * 18 + random() * 6;
    pen.rect(x, 76, 7, 7, "#fff4e0");
    pen.shape(`M${r(x - 1)} 76L${r(x + 3.5)} 71.6L${r(x + 8)} 76Z`, "#c2553a");
  }
}

function snow(pen, t, c, random) {
  for (let star = 0; star < 50; star++) pen.disc(random() * WIDE, random() * 45, random() * 0.4 + 0.15, "#ffffff", 0.8);
  for (const [color, y, shift] of [["#5ff2c0", 20, 0], ["#8f7bff", 27, 2], ["#5fd0ff", 15, 4]]) {
    let path = `M0 ${y}`;
    for (let x = 0; x <= WIDE; x += 5) path += `L${x} ${r(y + Math.sin(x / 21 + t * 0.7 + shift) * 6)}`;
    for (let x = WIDE; x >= 0; x -= 5) path += `L${x} ${r(y + 13 + Math.sin(x / 17 + t * 0.5 + shift) * 7)}`;
    pen.shape(`${path}Z`, color, 0.16);
  }
  pen.shape(swell(56, 5, 20, 30), c.far);
  pen.shape(swell(63, 4, 28, 100), c.mid);
  pen.rect(0, 72, WIDE, 18, c.near);
  pen.line("M0 46L160 46", "#1b2440", 0.4);
  for (let pole = 20; pole < WIDE; pole += 46) pen.rect(pole, 44, 1.3, 32, "#1b2440");
  const x = 150 - Math.min(t, 5) * 20 - Math.max(t - 9, 0) * 30;
  pen.line(`M${r(x + 24)} 56L${r(x + 29)} 46L${r(x + 34)} 56`, "#1b2440", 0.7);
  pen.shape(`M${r(x + 2)} 56h54q4 0 4 4v13h-62v-13q0 -4 4 -4Z`, "#c0392b");
  pen.rect(x - 2, 67, 62, 2, "#f7efe2");
  for (let window = 0; window < 6; window++) pen.rect(x + 3 + window * 9.4, 58.6, 7.2, 6.4, c.light);
  pen.rect(x + 24, 60, 3, 5, "#3a2a22");
  pen.disc(x + 25.5, 59.4, 1.5, "#3a2a22");
  for (const wheel of [8, 20, 40, 52]) pen.disc(x + wheel, 74, 2.2, "#1b2440");
  pen.shape(`M${r(x - 2)} 68L${r(x - 30)} 78L${r(x - 30)} 70Z`, c.light, 0.25);
  pen.line("M0 76.4L160 76.4", "#8ea3c7", 0.7);
  for (let flake = 0; flake < 80; flake++) {
    const [fx, fy, size] = [random() * 180, random() * HIGH, random() * 0.8 + 0.3];
    pen.disc((fx + Math.sin(t + fy) * 4 + t * 2) % 180, (fy + t * (6 + size * 7)) % HIGH, size, "#ffffff", 0.9);
  }
}

function soup(pen, t, c, random) {
  for (let stripe = 0; stripe < 16; stripe++) pen.rect(stripe * 10, 0, 5, 62, c.far, 0.35);
  const swing = Math.sin(t * 1.2) * 7;
  pen.line(`M80 0L${r(80 + swing)} 17`, "#2a1014", 0.6);
  pen.shape(`M${r(80 + swing - 9)} 24q2 -9 9 -9q7 0 9 9Z`, "#2a1014");
  pen.shape(`M${r(80 + swing - 9)} 24h18l22 40h-62Z`, c.light, 0.16);
  pen.disc(80 + swing, 24.6, 2.4, c.light);
  for (let guest = 0; guest < 7; guest++) {
    const x = 17 + guest * 21;
    const y = 50 + Math.abs(Math.sin(t * 1.7 + guest)) * -3 - random() * 3;
    const skin = ["#f2c7a0", "#8d5a3b", "#d99b6c", "#5d3a28", "#f7d9bd", "#b97a4e", "#e8b184"][guest];
    const coat = ["#3d5a80", "#2a9d8f", "#8a4f7d", "#e9c46a", "#457b9d", "#bc4749", "#6a994e"][guest];
    pen.shape(`M${x - 8} 66q0 ${r(y - 59)} 8 ${r(y - 59)}q8 0 8 ${r(59 - y)}Z`, coat);
    pen.disc(x, y, 5.6, skin);
    pen.shape(`M${x - 5.8} ${r(y - 0.6)}q-.6 -6 5.8 -6q6.4 0 5.8 6q-3 -3.4 -5.8 -3.2q-2.8 -.2 -5.8 3.2Z`, ["#2b1a12", "#1a1412", "#7a3b1e", "#241a16", "#c9a24b", "#3a2418", "#5a5a5a"][guest]);
    pen.disc(x - 2, y + 0.6, 0.6, "#20120e");
    pen.disc(x + 2, y + 0.6, 0.6, "#20120e");
  }
  pen.rect(0, 64, WIDE, 26, c.near);
  pen.rect(0, 64, WIDE, 2.4, "#8c4a32");
  for (let wisp = 0; wisp < 5; wisp++) {
    const [x, phase] = [68 + wisp * 6, t * 2 + wisp * 1.3];
    let path = `M${x} 60`;
    for (let y = 58; y > 34; y -= 3) path += `L${r(x + Math.sin(y / 4 + phase) * 2.4)} ${y}`;
    pen.line(path, "#fff6e6", 1.5, 0.45);
  }
  pen.shape("M56 62h48q-2 20 -24 20q-22 0 -24 -20Z", c.mid);
  pen.shape("M54 59.6h52v4h-52Z", "#fff0cf");
  pen.shape("M60 69h40q-1 2.4 -2 4h-36q-1.4 -1.6 -2 -4Z", "#c2553a");
  for (let spoon = 0; spoon < 7; spoon++) {
    const x = 14 + spoon * 22;
    if (x > 50 && x < 110) continue;
    pen.line(`M${x} 84L${x + 3} 74`, "#f7e8c8", 1);
    pen.disc(x + 3.4, 72.6, 2, "#f7e8c8");
  }
}

const SCENES = { orbit, tide, city, dunes, forest, balloons, snow, soup };

function drawn(pen, film, seconds) {
  pen.sky(film.colors.top, film.colors.low);
  SCENES[film.scene](pen, seconds, film.colors, chance(seedOf(film.id)));
}

const SVG = "http://www.w3.org/2000/svg";

class SvgPen {
  constructor(root, id) {
    this.root = root;
    this.id = id;
  }

  add(tag, attributes, into = this.root) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) {
      made.setAttribute(name, typeof value === "number" ? r(value) : value);
    }
    into.append(made);
    return made;
  }

  sky(top, low) {
    const gradient = this.add("linearGradient", { id: `${this.id}-sky`, x1: 0, y1: 0, x2: 0, y2: 1 });
    this.add("stop", { offset: 0, "stop-color": top }, gradient);
    this.add("stop", { offset: 1, "stop-color": low }, gradient);
    this.rect(0, 0, WIDE, HIGH, `url(#${this.id}-sky)`);
  }

  rect(x, y, width, height, fill, opacity = 1) {
    this.add("rect", { x, y, width: Math.max(width, 0), height: Math.max(height, 0), fill, opacity });
  }

  disc(cx, cy, radius, fill, opacity = 1) {
    this.add("circle", { cx, cy, r: Math.max(radius, 0), fill, opacity });
  }

  shape(d, fill, opacity = 1) {
    this.add("path", { d, fill, opacity });
  }

  line(d, stroke, width, opacity = 1) {
    this.add("path", { d, stroke, "stroke-width": width, fill: "none", opacity, "stroke-linecap": "round" });
  }

  clipDisc(cx, cy, radius, inside) {
    const clip = this.add("clipPath", { id: `${this.id}-clip` });
    this.add("circle", { cx, cy, r: radius }, clip);
    const outer = this.root;
    this.root = this.add("g", { "clip-path": `url(#${this.id}-clip)` });
    inside();
    this.root = outer;
  }
}

class CanvasPen {
  constructor(context) {
    this.context = context;
  }

  with(opacity, draw) {
    this.context.globalAlpha = opacity;
    draw(this.context);
    this.context.globalAlpha = 1;
  }

  sky(top, low) {
    const gradient = this.context.createLinearGradient(0, 0, 0, HIGH);
    gradient.addColorStop(0, top);
    gradient.addColorStop(1, low);
    this.rect(0, 0, WIDE, HIGH, gradient);
  }

  rect(x, y, width, height, fill, opacity = 1) {
    this.with(opacity, (context) => {
      context.fillStyle = fill;
      context.fillRect(x, y, width, height);
    });
  }

  disc(x, y, radius, fill, opacity = 1) {
    this.with(opacity, (context) => {
      context.fillStyle = fill;
      context.beginPath();
      context.arc(x, y, Math.max(radius, 0), 0, Math.PI * 2);
      context.fill();
    });
  }

  shape(d, fill, opacity = 1) {
    this.with(opacity, (context) => {
      context.fillStyle = fill;
      context.fill(new Path2D(d));
    });
  }

  line(d, stroke, width, opacity = 1) {
    this.with(opacity, (context) => {
      context.strokeStyle = stroke;
      context.lineWidth = width;
      context.lineCap = "round";
      context.stroke(new Path2D(d));
    });
  }

  clipDisc(x, y, radius, inside) {
    this.context.save();
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, Math.PI * 2);
    this.context.clip();
    inside();
    this.context.restore();
  }
}

let posters = 0;

/** A frame of the film as an SVG element; it is decoration beside the film's title. */
export function poster(film, seconds = 5) {
  const root = document.createElementNS(SVG, "svg");
  root.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
  root.setAttribute("preserveAspectRatio", "xMidYMid slice");
  root.setAttribute("aria-hidden", "true");
  drawn(new SvgPen(root, `poster-${++posters}`), film, seconds);
  return root;
}

/** Draws the film as it is after so many seconds, over the whole canvas. */
export function frame(canvas, film, seconds) {
  const context = canvas.getContext("2d");
  context.setTransform(canvas.width / WIDE, 0, 0, canvas.height / HIGH, 0, 0);
  drawn(new CanvasPen(context), film, seconds);
}

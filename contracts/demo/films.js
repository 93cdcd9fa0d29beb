// The catalogue. Every film, person and line of dialogue is invented.

export const CATEGORIES = ["drama", "sci-fi", "comedy", "family", "thriller", "documentary"];

export const FILM_SECONDS = 12;
export const TRAILER_SECONDS = 5;
export const QUALITIES = [360, 720, 1080, 2160];

// sky: top and bottom; far, mid, near: layers from the horizon to the viewer; light: lamps, stars.
const film = (id, title, category, year, rating, actors, scene, colors, about, lines) => ({
  id, title, category, year, rating, actors, scene, about, lines,
  colors: Object.fromEntries(["top", "low", "far", "mid", "near", "light"].map((n, i) => [n, colors[i]])),
});

export const FILMS = [
  film("lt-0101", "Nine Minutes to Io", "sci-fi", 2031, 8.4, ["Mara Quist", "Tomas Oyelaran"], "orbit",
    ["#0b0b2b", "#3a1d5c", "#e0784a", "#8f3b5e", "#1a1440", "#ffe9b8"],
    "A courier has nine minutes of air, and eleven minutes of way.",
    ["We have nine minutes.", "The moon is eleven away.", "Then we had better not talk."]),
  film("lt-0102", "Snow on Line Six", "drama", 2024, 8.1, ["Ilse Varga", "Ben Okafor"], "snow",
    ["#0d1b3a", "#35507e", "#5b7fb0", "#a9c3e6", "#eef5ff", "#ffcf6b"],
    "The last tram of the year waits for someone who is late.",
    ["Last stop.", "She said she would come.", "Then the tram can wait. It is only snow."]),
  film("lt-0103", "Soup for Seven", "comedy", 2027, 7.6, ["Dalia Renn", "Otto Mbeki"], "soup",
    ["#5a1f2b", "#c2553a", "#7a2d2a", "#f3c06a", "#3b1720", "#ffe7b0"],
    "Six guests were asked. The recipe disagrees.",
    ["How many are we?", "Seven. Who is the seventh?", "Whoever brought the spoon."]),
  film("lt-0104", "A Fox Called Tuesday", "family", 2025, 8.8, ["Noor Lind", "Mara Quist"], "forest",
    ["#f7c59f", "#ef8354", "#b5563c", "#6b3a3a", "#2d1e2f", "#fff3b0"],
    "She only visits on Tuesdays. This week has two.",
    ["It is Wednesday.", "Nobody has told the fox.", "Then it is Tuesday again."]),
  film("lt-0105", "Salt and Static", "thriller", 2026, 7.9, ["Ben Okafor", "Yuki Aalto"], "tide",
    ["#04141f", "#0f4a52", "#12606a", "#0b3d47", "#06222b", "#b6ffe4"],
    "A radio at the end of the pier answers before you ask.",
    ["Who is on this frequency?", "You are. In about an hour.", "Then do not go out on the boat."]),
  film("lt-0106", "Moss Takes Its Time", "documentary", 2023, 8.0, ["Yuki Aalto"], "forest",
    ["#d9e8b0", "#7fb069", "#4f8a5b", "#2f5d50", "#16302b", "#fdfcdc"],
    "A wood, filmed for forty years, and shown in twelve seconds.",
    ["Year one.", "Year eleven.", "Year forty. The moss has arrived."]),
  film("lt-0107", "Balloon Season", "family", 2028, 7.4, ["Otto Mbeki", "Noor Lind"], "balloons",
    ["#8fd3f4", "#fde2c8", "#7fb7a3", "#4e937a", "#2b5f56", "#ff6b6b"],
    "A town that is afraid of heights holds its festival.",
    ["Is it high up?", "Do not look down.", "I looked. It is lovely."]),
  film("lt-0108", "Paper Lanterns, Loud Rain", "thriller", 2029, 8.3, ["Tomas Oyelaran", "Ilse Varga"], "city",
    ["#14091f", "#5b1a4b", "#3a1850", "#24113a", "#0d0718", "#ffb347"],
    "One window in the city stays lit. Somebody counts.",
    ["Four thousand windows.", "One stays lit.", "Now it is looking back."]),
  film("lt-0109", "Dune Post", "documentary", 2022, 7.7, ["Dalia Renn"], "dunes",
    ["#ffd6a5", "#ff8c61", "#d96c4f", "#a8483f", "#5c2a36", "#fff1d0"],
    "A letter crosses a desert that moves faster than the post.",
    ["The address was a dune.", "It has moved since.", "So has the letter."]),
  film("lt-0110", "The Lighthouse Ledger", "drama", 2021, 8.6, ["Ilse Varga", "Yuki Aalto"], "tide",
    ["#2b1b4d", "#f2796b", "#7b4b94", "#4d3b78", "#221a4a", "#ffe066"],
    "Every ship that passed is written down. One is written twice.",
    ["Ship 4,112 passed at dusk.", "Ship 4,112 passed at dawn.", "It never turned around."]),
  film("lt-0111", "The Quiet Orbit", "sci-fi", 2030, 7.2, ["Noor Lind", "Ben Okafor"], "orbit",
    ["#02161a", "#0a3b3f", "#c8d96f", "#4d7c59", "#06282c", "#d9fff0"],
    "Nothing has happened on this station for a year. Nothing at all.",
    ["Day 365. Nothing.", "Day 366. Nothing.", "Day 367. Somebody knocked."]),
  film("lt-0112", "Rooftop Radio", "comedy", 2026, 7.0, ["Otto Mbeki", "Dalia Renn"], "city",
    ["#ffb88c", "#de6262", "#8a4f7d", "#5b3a66", "#2a1d3d", "#fff0a8"],
    "A pirate station with one listener, who has requests.",
    ["You are on the air.", "Could you play it quieter?", "This is the weather. It is next door."]),
];

export const ACTORS = [...new Set(FILMS.flatMap((each) => each.actors))].sort();

export const filmOf = (id) => FILMS.find((each) => each.id === id);

export const VISITORS = [
  { name: "Ada", user_id: "8a1f3c52-6f0e-4b7d-9c11-5d2f7e0a4b01" },
  { name: "Emeka", user_id: "8a1f3c52-6f0e-4b7d-9c11-5d2f7e0a4b02" },
  { name: "Sora", user_id: "8a1f3c52-6f0e-4b7d-9c11-5d2f7e0a4b03" },
];

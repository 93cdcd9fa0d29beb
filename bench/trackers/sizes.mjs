// Prints what each tracker adds to a page: one entry that begins it, counts a page view and sends an
// event, bundled and minified by esbuild, packed by gzip -9. What a tracker loads later, if ever, is
// not counted. `bench/trackers/run` installs and runs it.
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";

const ours = (file) => resolve(process.env.UGC_BENCH, "../../ugc/sdk/typescript/core/dist", file);
const own = (file) =>
  `import { createTracker } from ${JSON.stringify(ours(file))};
   const t = createTracker({ key: "k" }); t.pageView("a"); t.track("b", {});`;

const TRACKERS = {
  "ugc-events": own("tracker.mjs"),
  "ugc-events, light": own("light.mjs"),
  "@snowplow/browser-tracker": `
    import { newTracker, trackPageView, trackStructEvent } from "@snowplow/browser-tracker";
    newTracker("s", "c.example.com", {}); trackPageView(); trackStructEvent({ category: "a", action: "b" });`,
  "@segment/analytics-next": `
    import { AnalyticsBrowser } from "@segment/analytics-next";
    const t = AnalyticsBrowser.load({ writeKey: "k" }); t.page(); t.track("b", {});`,
  "mixpanel-browser": `
    import mixpanel from "mixpanel-browser/src/loaders/loader-module-core";
    mixpanel.init("k"); mixpanel.track_pageview(); mixpanel.track("b", {});`,
  "posthog-js": `
    import posthog from "posthog-js";
    posthog.init("k", {}); posthog.capture("b", {});`,
  "posthog-js, slim": `
    import posthog from "posthog-js/dist/module.slim";
    posthog.init("k", {}); posthog.capture("b", {});`,
  "@amplitude/analytics-browser": `
    import { init, track } from "@amplitude/analytics-browser";
    init("k"); track("b", {});`,
  "@plausible-analytics/tracker": `
    import { init, track } from "@plausible-analytics/tracker";
    init({ domain: "example.com" }); track("b", {});`,
};

console.log("| tracker | version | minified, bytes | gzip -9, bytes | beside ugc-events |\n|---|---|---|---|---|");
let base;
for (const [name, contents] of Object.entries(TRACKERS)) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: process.cwd(), sourcefile: "entry.js" },
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: "out",
    format: "esm",
    target: "es2021",
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    logLevel: "error",
  });
  const loaded = new Set(["out/stdin.js"]);
  for (const output of loaded)
    for (const { path, kind } of metafile.outputs[output].imports)
      if (kind === "import-statement") loaded.add(path);
  const code = Buffer.concat(
    outputFiles.filter(({ path }) => [...loaded].some((each) => path.endsWith(each))).map((file) => file.contents),
  );
  const packed = gzipSync(code, { level: 9 }).length;
  base ??= packed;
  const manifest = `node_modules/${name.split(",")[0]}/package.json`;
  const version = name.startsWith("ugc") ? "" : JSON.parse(readFileSync(manifest)).version;
  const grouped = (number) => number.toLocaleString("en");
  console.log(`| ${name} | ${version} | ${grouped(code.length)} | ${grouped(packed)} | ${(packed / base).toFixed(1)} |`);
}

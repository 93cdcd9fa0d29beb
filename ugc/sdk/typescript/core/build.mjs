// Makes dist/ out of src/: node build.mjs NODE_MODULES [DIR]. The first is a folder with esbuild and
// TypeScript in the versions of tests/fullstack/parts/web; the second is dist/ when it is left out.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(process.argv[2]);
const out = resolve(process.argv[3] ?? join(here, "dist"));
const esbuild = createRequire(join(modules, "x.js"))("esbuild");

const BUNDLES = [
  ["index", "tracker.mjs", "esm"],
  ["light", "light.mjs", "esm"],
  ["global", "tracker.js", "iife"],
  ["global-light", "light.js", "iife"],
];

for (const [entry, file, format] of BUNDLES)
  await esbuild.build({
    absWorkingDir: here,
    entryPoints: [`src/${entry}.ts`],
    outfile: join(out, file),
    bundle: true,
    format,
    minify: true,
    sourcemap: "linked",
    target: "es2021",
    legalComments: "none",
    charset: "utf8",
  });

const declared = mkdtempSync(join(tmpdir(), "ugc-types-"));
execFileSync(
  process.execPath,
  [join(modules, "typescript/bin/tsc"), "-p", here, "--noEmit", "false"]
    .concat(["--declaration", "--emitDeclarationOnly", "--outDir", declared]),
  { stdio: "inherit" },
);
// What the others say is nobody's but the bundles' own.
for (const name of ["index.d.ts", "light.d.ts", "types.d.ts"])
  copyFileSync(join(declared, name), join(out, name));
rmSync(declared, { recursive: true });

// Bundles the dashboard for reports into one script: nbsweep/static/report.js, which nbsweep puts into each file.
import { build } from "esbuild";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const outfile = fileURLToPath(new URL("../nbsweep/static/report.js", import.meta.url));

await build({
  entryPoints: [fileURLToPath(new URL("src/report.ts", import.meta.url))],
  outfile,
  bundle: true,
  format: "iife",
  target: "es2020",
  minify: true,
  legalComments: "none",
  charset: "ascii",
  loader: { ".css": "text" },
});
console.log(`${outfile}  ${(statSync(outfile).size / 1024).toFixed(1)} KB`);

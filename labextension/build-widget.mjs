// Bundles the dashboard into one ESM file for anywidget: nbsweep/static/widget.js.
// CSS, uPlot's included, travels as text inside it, so that the widget needs no second request.
import { build } from "esbuild";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const outfile = fileURLToPath(new URL("../nbsweep/static/widget.js", import.meta.url));

await build({
  entryPoints: [fileURLToPath(new URL("src/widget.ts", import.meta.url))],
  outfile,
  bundle: true,
  format: "esm",
  target: "es2020",
  minify: true,
  legalComments: "none",
  loader: { ".css": "text" },
});
console.log(`${outfile}  ${(statSync(outfile).size / 1024).toFixed(1)} KB`);

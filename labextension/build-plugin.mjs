// Bundles the JupyterLab plugin's own files into lib/plugin.js, which jupyter-builder takes from there: it knows no style
// sheet as text, which is how the dashboard carries its own. What JupyterLab shares stays imported by name.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

await build({
  entryPoints: [fileURLToPath(new URL("src/plugin.ts", import.meta.url))],
  outfile: fileURLToPath(new URL("lib/plugin.js", import.meta.url)),
  bundle: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  loader: { ".css": "text" },
  external: ["@jupyterlab/*", "@lumino/*", "@codemirror/*", "@lezer/*"],
});

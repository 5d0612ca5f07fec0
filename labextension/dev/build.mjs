// Builds the dev page into dev/out/ (git-ignored); with --serve, serves it on loopback and rebuilds.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { context } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

mkdirSync(here("out"), { recursive: true });
const page = readFileSync(here("index.html"), "utf8");
writeFileSync(here("out/index.html"), page);
writeFileSync(here("out/bench.html"), page.replace("dev.js", "bench.js"));
const bundle = await context({
  entryPoints: [here("dev.ts"), here("bench.ts")],
  outdir: here("out"),
  bundle: true,
  format: "esm",
  target: "es2020",
  sourcemap: "inline",
  loader: { ".css": "text" },
});
if (process.argv.includes("--serve")) {
  await bundle.watch();
  const { port } = await bundle.serve({ servedir: here("out"), host: "127.0.0.1" });
  console.log(`http://127.0.0.1:${port}/?runs=40&live=1&theme=dark`);
} else {
  await bundle.rebuild();
  await bundle.dispose();
}

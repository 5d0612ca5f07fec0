/**
 * The dev page: the dashboard on a simulated feed, without Jupyter.
 *
 * Query: runs, points, parameters, live, hostile, failing, silent, extras, goal, theme (light|dark), log, smooth, open.
 */
import { mountDashboard, newMemory } from "../src/dashboard";
import { simulatedFeed } from "./simulate";

const query = new URLSearchParams(location.search);
const number = (name: string, otherwise: number): number => Number(query.get(name) ?? otherwise);

const dark = query.get("theme") === "dark";
document.documentElement.dataset.theme = dark ? "dark" : "light";
document.body.style.background = dark ? "#111214" : "#fff";

const memory = newMemory();
const { view } = memory;
view.logY = query.has("log");
view.smoothing = number("smooth", 0);
view.expanded = new Set((query.get("open") ?? "").split(",").filter(Boolean));

const host = document.getElementById("dashboard");
if (host) {
  mountDashboard(
    host,
    simulatedFeed({
      runs: number("runs", 40),
      points: number("points", 108),
      parameters: number("parameters", 5),
      live: query.has("live"),
      hostile: query.has("hostile"),
      failing: query.has("failing"),
      silent: query.has("silent"),
      extras: query.has("extras"),
      goal: query.get("goal") === "maximize" ? "maximize" : "minimize",
    }),
    memory,
  );
}

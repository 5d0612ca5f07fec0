import { expect, test } from "vitest";
import { goalOf, likelyGoal } from "../src/goals";
import { aSweep } from "./messages";

test.each([
  "val_acc",
  "valAccuracy",
  "test/f1",
  "top1_acc",
  "acc1",
  "mAP50-95",
  "eval.mean_reward",
])("of %s more is better", (name) => {
  expect(likelyGoal(name)).toBe("maximize");
});

test.each([
  "loss",
  "val_mape",
  "heatmap_mse",
  "trace",
  "accumulated_cost",
  "acc_loss",
  "returnError",
])("of %s less is better", (name) => {
  expect(likelyGoal(name)).toBe("minimize");
});

test("what the sweep says of its own metric goes before its name", () => {
  const sweep = aSweep({ metric: { name: "score", goal: "minimize" } });
  expect(goalOf("score", sweep)).toBe("minimize");
  expect(goalOf("accuracy", sweep)).toBe("maximize");
  expect(goalOf(null, null)).toBe("minimize");
});

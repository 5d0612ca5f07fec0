/**
 * Which way a metric is better: the sweep says it of its own; of another its name is all there is.
 *
 * In: a metric's name. Out: a Goal. Words count whole (`val_map`, not `val_mape`), however they are joined.
 */
import type { Goal, SweepView } from "./protocol";

const MORE_IS_BETTER = new Set(
  (
    "acc accuracy auc auroc auprc ap f1 fscore r2 score reward return precision recall specificity " +
    "sensitivity iou miou dice map ndcg mrr bleu rouge mcc kappa psnr ssim"
  ).split(" "),
);
/** They have the last word: an accuracy's loss is a loss. */
const LESS_IS_BETTER = new Set("loss err error regret".split(" "));

export function goalOf(metric: string | null, sweep: SweepView | null): Goal {
  const own = sweep?.metric;
  if (metric === null || own?.name === metric) return own?.goal ?? "minimize";
  return likelyGoal(metric);
}

export function likelyGoal(metric: string): Goal {
  const words = wordsOf(metric);
  if (words.some((word) => LESS_IS_BETTER.has(word))) return "minimize";
  return words.some((word) => MORE_IS_BETTER.has(word)) ? "maximize" : "minimize";
}

/** The words of a name, and its parts in one (mAP50); each also without its number and its plural. */
function wordsOf(name: string): string[] {
  const parts = name.split(/[^\p{L}\p{N}]+/u);
  const words = parts.flatMap((part) => [
    part,
    ...part.replace(/(\p{Ll}|\p{N})(?=\p{Lu})/gu, "$1 ").split(" "),
  ]);
  return words.flatMap((word) => {
    const plain = word.toLowerCase();
    return [plain, plain.replace(/\d+$/, ""), plain.replace(/s$/, "")];
  });
}

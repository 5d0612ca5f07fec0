/** A run's config as a cell that makes it again. Pure; the dashboard's "Insert config as a cell" writes the same. */
import { formatLiteral, formatNumber } from "../format";
import type { Json } from "../protocol";

/** The kernel's answer to the request "best". */
export interface BestRun {
  readonly name: string;
  readonly metric: string;
  readonly value: number;
  readonly config: Readonly<Record<string, Json>>;
  /** The whole cell; a kernel before December 2026 sends none. */
  readonly source?: string;
}

export function bestConfigCell({ name, metric, value, config, source }: BestRun): string {
  if (source !== undefined) return source;
  const comment = `# ${name}, ${metric} ${formatNumber(value)}`.replace(/\s+/g, " ");
  const lines = Object.entries(config).map(
    ([key, each]) => `    ${JSON.stringify(key)}: ${formatLiteral(each)},\n`,
  );
  return `${comment}\nconfig = {\n${lines.join("")}}`;
}

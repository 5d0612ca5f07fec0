/** Cells that the extension writes: the example, and the one that loads nbsweep. Pure. */
import { quote } from "./new-sweep";

const LOADS = /^[ \t]*%(load|reload)_ext\s+nbsweep\b/m;

/** The cell that comes before all sweeps of a notebook; a store that the kernel has from outside comes first. */
export function loadCell(storage: string): string {
  if (storage.trim() === "") return "%load_ext nbsweep";
  return `import os
os.environ.setdefault("NBSWEEP_STORAGE", ${quote(storage.trim())})
%load_ext nbsweep`;
}

/** Whether some cell of the notebook loads nbsweep's magics. */
export function loadsNbsweep(sources: Iterable<string>): boolean {
  for (const source of sources) if (LOADS.test(source)) return true;
  return false;
}

export interface KernelSpec {
  readonly name: string;
  readonly display_name: string;
  readonly language: string;
}

/** A notebook file (nbformat 4.5) of these code cells. */
export function notebookOf(
  cells: readonly string[],
  kernel: KernelSpec,
  newId: () => string,
): object {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { ...kernel } },
    cells: cells.map((source) => ({
      ...{ cell_type: "code", id: newId(), metadata: {}, source },
      ...{ execution_count: null, outputs: [] },
    })),
  };
}

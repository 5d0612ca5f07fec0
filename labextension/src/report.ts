/**
 * A report: the dashboard on a recorded sweep, in one HTML file that needs no kernel and no network.
 *
 * The page (nbsweep/notebook/report.py) holds this script and a compressed recording as text.
 */
import { mountDashboard } from "./dashboard";
import { readBlock, recordedFeed } from "./recording";

async function inflated(base64: string): Promise<ArrayBuffer> {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** Show the recording that the page holds in its element `nbsweep-recording`. */
export async function showReport(host: HTMLElement): Promise<void> {
  const packed = document.getElementById("nbsweep-recording")?.textContent ?? "";
  const [recording, buffers] = readBlock(await inflated(packed.trim()));
  host.dataset.nbsKernel = "none";
  mountDashboard(host, recordedFeed(recording, buffers));
}

const host = typeof document === "undefined" ? null : document.getElementById("nbsweep-report");
if (host) {
  showReport(host).catch((error: unknown) => {
    host.textContent = `This report cannot be read: ${String(error)}`;
  });
}

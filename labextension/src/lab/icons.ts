/** The extension's own icon: learning curves that fan out from one start. */
import { LabIcon } from "@jupyterlab/ui-components";

export const sweepIcon = new LabIcon({
  name: "nbsweep:sweep",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="none" stroke="#616161" stroke-width="2" stroke-linecap="round">
    <path class="jp-icon-selectable" d="M4 4c2 11 7 15 16 16"/>
    <path d="M4 4c4 7 8 9 16 9"/>
    <path d="M4 4c5 2 9 3 16 3"/>
  </g>
</svg>`,
});

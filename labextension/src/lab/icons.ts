/** The extension's own icon: learning curves that fan out from one start. */
import { LabIcon } from "@jupyterlab/ui-components";

const CURVES = ["M4 4c2 11 7 15 16 16", "M4 4c4 7 8 9 16 9", "M4 4c5 2 9 3 16 3"];

const svg = (attributes: string, colors: readonly string[] = []): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g ${attributes} stroke-width="2" stroke-linecap="round">${CURVES.map(
    (curve, index) =>
      `<path fill="none" ${colors[index] ? `stroke="${colors[index]}" ` : ""}d="${curve}"/>`,
  ).join("")}</g></svg>`;

// The class on the group: on the paths JupyterLab's style would fill them.
export const sweepIcon = new LabIcon({
  name: "nbsweep:sweep",
  svgstr: svg('class="jp-icon3" stroke="#616161"'),
});

/** For places that take an address: a launcher card among the notebooks. It is seen on light and dark. */
export const sweepIconUrl = `data:image/svg+xml,${encodeURIComponent(
  svg("", ["#3b528b", "#21918c", "#5ec962"]),
)}`;

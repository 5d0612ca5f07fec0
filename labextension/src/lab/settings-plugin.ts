/** Settings, and the two of them that are passed on: the rate to kernels, the x-axis to new dashboards. */
import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { defaults } from "../parts";
import { ISweepLinks, type KernelLink } from "./link";
import { eachLink } from "./open-links";
import { ISweepSettings, SETTINGS_ID, SweepSettings } from "./settings";

export const settingsPlugin: JupyterFrontEndPlugin<ISweepSettings> = {
  id: SETTINGS_ID,
  description: "nbsweep's settings.",
  autoStart: true,
  provides: ISweepSettings,
  requires: [ISweepLinks, INotebookTracker],
  optional: [ISettingRegistry],
  activate(_app, links: ISweepLinks, tracker: INotebookTracker, registry: ISettingRegistry | null) {
    const settings = new SweepSettings(registry?.load(SETTINGS_ID) ?? null);
    const open = new Set<KernelLink>();
    const tell = (link: KernelLink): void => {
      if (link.state !== "live") return;
      const per_second = settings.values.updatesPerSecond;
      // A kernel with an older nbsweep does not know the request and keeps its own pace.
      void link.request("rate", { per_second }).catch(() => undefined);
    };
    eachLink(tracker, links, (link, panel) => {
      open.add(link);
      panel.disposed.connect(() => open.delete(link));
      link.stateChanged.connect(tell);
      tell(link);
    });
    settings.changed.connect((_settings, { xAxis }) => {
      defaults.x = xAxis;
      for (const link of open) tell(link);
    });
    return settings;
  },
};

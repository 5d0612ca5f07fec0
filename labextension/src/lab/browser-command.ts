/** Notifications by the browser, on and off: a click, for only then may a page ask the user for them. */
import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Notification as LabNotification } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import { TOGGLE_BROWSER } from "./command-ids";
import { browserCan } from "./notifier";
import type { ISweepSettings } from "./settings";

export function addBrowserCommand(
  app: JupyterFrontEnd,
  settings: ISweepSettings,
  trans: TranslationBundle,
): void {
  const refused = (): void => {
    LabNotification.warning(
      trans.__(
        "The browser does not allow notifications of this page; its settings for the page have a switch.",
      ),
      { autoClose: 10_000 },
    );
  };

  app.commands.addCommand(TOGGLE_BROWSER, {
    label: trans.__("Notify by the Browser, Too"),
    caption: trans.__(
      "While this tab is not seen, tell what happens to sweeps by the browser's notifications",
    ),
    describedBy: { args: { type: "object", properties: {} } },
    isToggleable: true,
    isToggled: () => settings.values.browserNotifications,
    isEnabled: () => browserCan() && settings.values.notifications,
    execute: async () => {
      const wanted = !settings.values.browserNotifications;
      if (wanted && (await Notification.requestPermission()) !== "granted") refused();
      else await settings.set("browserNotifications", wanted);
    },
  });

  let was = settings.values.browserNotifications;
  settings.changed.connect((_settings, { browserNotifications }) => {
    app.commands.notifyCommandChanged(TOGGLE_BROWSER);
    // Switched on in the settings editor, whose clicks do not reach us: ask for a click of our own.
    if (browserNotifications && !was && browserCan() && Notification.permission === "default")
      LabNotification.info(trans.__("The browser asks before it shows notifications of nbsweep."), {
        autoClose: false,
        actions: [
          {
            label: trans.__("Ask me"),
            displayType: "accent",
            callback: () => {
              void Notification.requestPermission().then((answer) => {
                if (answer === "denied") refused();
              });
            },
          },
        ],
      });
    was = browserNotifications;
  });
}

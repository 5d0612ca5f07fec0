/**
 * The JupyterLab extension: its plugins, each tokens in and tokens or commands out.
 *
 * Everything a user needs works without it (Colab and VS Code load no labextensions). A plugin's id begins with the
 * package's name: by that `jupyter labextension disable nbsweep-labextension` finds it, and settings their schema.
 */
import { commandsPlugin } from "./lab/commands-plugin";
import { editorPlugin } from "./lab/editor-plugin";
import { linkPlugin } from "./lab/link-plugin";
import { notificationsPlugin } from "./lab/notifications-plugin";
import { panelPlugin } from "./lab/panel-plugin";
import { settingsPlugin } from "./lab/settings-plugin";
import { snapshotPlugin } from "./lab/snapshot-plugin";
import { statusPlugin } from "./lab/status-plugin";

export default [
  linkPlugin,
  snapshotPlugin,
  panelPlugin,
  settingsPlugin,
  editorPlugin,
  commandsPlugin,
  statusPlugin,
  notificationsPlugin,
];

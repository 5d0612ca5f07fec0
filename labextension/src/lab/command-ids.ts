/** Commands by name: what menus, shortcuts (schema/settings.json) and other parts call. */
export const SHOW_PANEL = "nbsweep:show-panel";
export const OPEN_DASHBOARD = "nbsweep:open-dashboard";
export const INSERT_EXAMPLE = "nbsweep:insert-example";
export const NEW_SWEEP = "nbsweep:new-sweep-from-cell";
export const NEW_EXAMPLE = "nbsweep:new-example-notebook";
export const PAUSE = "nbsweep:pause";
export const RESUME = "nbsweep:resume";
export const STOP = "nbsweep:stop";
export const INSERT_BEST = "nbsweep:insert-best-config";
export const TOGGLE_BROWSER = "nbsweep:toggle-browser-notifications";

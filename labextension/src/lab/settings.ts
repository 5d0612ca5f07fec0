/**
 * What the user has set (schema/settings.json), as the extension's parts read it.
 *
 * In: JupyterLab's setting registry, where there is one. Out: one frozen set of values, and a signal when it changes.
 */
import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import { Token, type JSONValue } from "@lumino/coreutils";
import { Signal, type ISignal } from "@lumino/signaling";
import type { CurveX } from "../parts";

export const SETTINGS_ID = "nbsweep-labextension:settings";

export interface Values {
  readonly updatesPerSecond: number;
  readonly xAxis: CurveX;
  readonly notifications: boolean;
  readonly browserNotifications: boolean;
  /** A SQLAlchemy URL; empty: the file beside the notebook. */
  readonly storage: string;
}

/** As in the schema, for a front end that has no settings. */
export const DEFAULTS: Values = {
  updatesPerSecond: 20,
  xAxis: "step",
  notifications: true,
  browserNotifications: false,
  storage: "",
};

export interface ISweepSettings {
  readonly values: Values;
  readonly changed: ISignal<ISweepSettings, Values>;
  set(name: keyof Values, value: JSONValue): Promise<void>;
}

export const ISweepSettings = new Token<ISweepSettings>(
  "nbsweep:ISweepSettings",
  "What the user has set for nbsweep.",
);

export class SweepSettings implements ISweepSettings {
  private current = DEFAULTS;
  private settings: ISettingRegistry.ISettings | null = null;
  private readonly signal = new Signal<this, Values>(this);

  constructor(loading: Promise<ISettingRegistry.ISettings> | null) {
    void loading
      ?.then((settings) => {
        this.settings = settings;
        settings.changed.connect(this.read);
        this.read();
      })
      .catch((reason: unknown) => {
        console.warn("nbsweep's settings could not be read: the defaults hold.", reason);
      });
  }

  get values(): Values {
    return this.current;
  }

  get changed(): ISignal<this, Values> {
    return this.signal;
  }

  async set(name: keyof Values, value: JSONValue): Promise<void> {
    if (this.settings) await this.settings.set(name, value);
    else {
      this.current = { ...this.current, [name]: value };
      this.signal.emit(this.current);
    }
  }

  private readonly read = (): void => {
    this.current = { ...DEFAULTS, ...(this.settings?.composite as Partial<Values>) };
    this.signal.emit(this.current);
  };
}

/**
 * From a hyperparameter's name and value, the range a sweep would look in: a definition as a sweep config has it.
 *
 * What no rule knows has no range: it stays as it is. So seeds, paths, devices, loop counters, numbers of classes and
 * of channels, log intervals and the like are left alone, for a sweep of them would compare nothing (a seed), break
 * the model (a number of classes) or change what the metric means. Pure.
 */

export type Constant = number | boolean | string;

/** How a number was written: `64` is an int, `64.0` and `1e-3` are floats. */
export interface Literal {
  readonly value: Constant;
  readonly integer: boolean;
}

/** Python source of a parameter's definition, as it stands in a `%%sweep define` dict. */
export type Definition =
  | { readonly value: Literal }
  | { readonly values: readonly Literal[] }
  | { readonly distribution: "int_uniform"; readonly min: number; readonly max: number }
  | {
      readonly distribution: "uniform" | "log_uniform_values";
      readonly min: number;
      readonly max: number;
    };

/** Words that make a name something else than the rules below think: `test_batch_size`, `lr_step_size`. */
const OTHERWISE =
  /(^|_)(test|eval|valid|validation|val|print|log|save|plot|seed|path|dir|file|name|device|interval|every|classes|decay_steps|warmup|patience|workers)(_|$)/;

const SETS: readonly (readonly [RegExp, readonly (readonly string[])[]])[] = [
  [
    /^(optimi[sz]er|optim|opt|optimi[sz]er_name)$/,
    [
      ["adam", "sgd", "rmsprop"],
      ["Adam", "SGD", "RMSprop"],
      ["adamw", "adam", "sgd"],
      ["AdamW", "Adam", "SGD"],
    ],
  ],
  [/^(activation|act|nonlinearity|act_fn)$/, [["relu", "tanh", "gelu", "elu", "selu", "swish"]]],
  [/^kernel$/, [["rbf", "linear", "poly", "sigmoid"]]],
  [
    /^criterion$/,
    [
      ["gini", "entropy", "log_loss"],
      ["squared_error", "absolute_error", "friedman_mse"],
    ],
  ],
  [/^max_features$/, [["sqrt", "log2"]]],
  [/^weights$/, [["uniform", "distance"]]],
  [/^(scheduler|lr_scheduler|schedule|lr_schedule)$/, [["cosine", "step", "linear", "constant"]]],
  [/^penalty$/, [["l2", "l1"]]],
  [/^booster$/, [["gbtree", "dart", "gblinear"]]],
];

const FLAGS =
  /^(use_\w+|nesterov|amsgrad|batch_?norm|layer_?norm|bn|bidirectional|augment\w*|data_augmentation|residual|bootstrap|fit_intercept|oob|probability|warm_start)$/;

/** `LEARNING_RATE`, `learningRate` and `learning-rate` are one name. */
export function plainName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/-/g, "_")
    .toLowerCase();
}

/** The range for a constant of this name; null where it does not look like a hyperparameter. */
export function rangeOf(name: string, literal: Literal): Definition | null {
  const plain = plainName(name);
  if (OTHERWISE.test(plain) || name === "c") return null; // SVM's C is written large
  const { value } = literal;
  if (typeof value === "boolean") return FLAGS.test(plain) ? flags(value) : null;
  if (typeof value === "string") return choice(plain, value);
  if (!Number.isFinite(value)) return null;
  for (const [pattern, range] of RULES) if (pattern.test(plain)) return range(value, literal);
  return null;
}

type Range = (value: number, literal: Literal) => Definition | null;

// Earlier rules win: `lr_decay` is a factor, not a rate.
const RULES: readonly (readonly [RegExp, Range])[] = [
  [
    /^(weight_decay|wd|l1|l2|l[12]_(reg|penalty|lambda|ratio_)?|reg(_alpha|_lambda|ularization)?|lambda|lambda_?|lambd|lam|lambda_l[12]|alpha|ccp_alpha|c|tol_penalty|entropy_coef|ent_coef|vf_coef|kl_weight|beta_kl)$/,
    regularisation,
  ],
  [/^(gamma|lr_decay|decay|decay_rate|lr_gamma|discount)$/, factor],
  [
    /(^|_)(dropout|drop_?out|drop_rate|drop_prob|dropout_rate|dropout_prob|droprate|p_drop)(_|$|\d)/,
    dropout,
  ],
  [/^(momentum|beta_?1|beta1|ema|ema_decay|tau_momentum|rho)$/, nearOne],
  [/^(beta_?2|beta2)$/, nearOne],
  [
    /^(subsample|colsample_by(tree|level|node)|bagging_fraction|feature_fraction|max_samples|keep_prob)$/,
    share,
  ],
  [
    /^(label_smoothing|smoothing|mixup(_alpha)?|cutmix(_alpha)?|l1_ratio|epsilon_greedy)$/,
    smallShare,
  ],
  [
    /^(lr|learning_?rate(_init)?|eta|(base|max|initial|init|peak|start)_(lr|learning_rate)|(lr|learning_rate)_(g|d|gen|disc|head|backbone|encoder|decoder|actor|critic|policy|value|\d+)|(g|d|gen|disc|generator|discriminator|head|backbone|encoder|decoder|actor|critic|policy|value)_(lr|learning_rate)|lr\d+|step_size_lr)$/,
    rate,
  ],
  [
    /^((train|mini|per_device_train)_?)?(batch_?size|bs|batch|minibatch(_size)?)(_per_gpu|_train)?$/,
    batch,
  ],
  [
    /^((n|num|max|n_train|num_train)_)?(epochs?|iterations?|iters?|boost_rounds?|training_steps|train_steps|max_steps)$/,
    fixed,
  ],
  [/^(max_iter|n_iter|num_steps|max_steps|num_boost_round|n_steps)$/, fixed],
  [/^(max_depth|tree_depth)$/, around(1)],
  [
    /^((n|num)_)?(hidden_|conv_|encoder_|decoder_|lstm_|rnn_|transformer_)?(layers|blocks|depth)$/,
    few,
  ],
  [/^(n_neighbors|min_samples_leaf|min_child_samples)$/, around(1)],
  [/^(min_child_weight|min_data_in_leaf)$/, around(1)],
  [/^min_samples_split$/, around(2)],
  [
    /^((n|num)_)?(estimators|trees|leaves|max_leaves|heads|attention_heads|centers|components)$/,
    doubled,
  ],
  [
    /^(n_|num_)?(hidden(_?(size|dim|units?|channels?|features|nodes|neurons|width|layer_size))?|units?|neurons?|filters?|layer_size|fc_?(size|dim|units)|dense_?(size|units|dim)|embed(ding)?_?(dim|size)|emb_?(dim|size)|d_model|d_ff|ff_dim|dim_feedforward|latent_?(dim|size)|z_dim|lstm_(units|size)|rnn_(units|size)|hdim|h_dim|n_embd|bottleneck(_dim|_size)?)(_?\d+)?$/,
    doubled,
  ],
];

/** One decade each side; of a rate below 1 no more than 1. */
function rate(value: number): Definition | null {
  if (value <= 0) return null;
  const max = value <= 1 ? Math.min(value * 10, 1) : value * 10;
  const min = value / 10;
  return {
    distribution: "log_uniform_values",
    min: tidy(min),
    max: tidy(max > value ? max : value * 10),
  };
}

/** One decade each side; of none: none, or some. */
function regularisation(value: number): Definition | null {
  if (value < 0) return null;
  if (value === 0) return { values: [0, 1e-4, 1e-2].map(float) };
  return { distribution: "log_uniform_values", min: tidy(value / 10), max: tidy(value * 10) };
}

/** A factor near one (a discount, the decay of a learning rate); else a width or a penalty (SVM's, XGBoost's gamma). */
function factor(value: number): Definition | null {
  if (value >= 0.5 && value < 1) return nearOne(value);
  return regularisation(value);
}

function dropout(value: number): Definition | null {
  if (value < 0 || value >= 1) return null;
  return { distribution: "uniform", min: 0, max: value <= 0.5 ? 0.5 : 0.9 };
}

/** Momentum and its like: what is left to one matters, so it stays below it. */
function nearOne(value: number): Definition | null {
  if (value < 0 || value >= 1) return null;
  if (value < 0.5) return { distribution: "uniform", min: 0, max: 0.9 };
  const left = 1 - value;
  return {
    distribution: "uniform",
    min: tidy(Math.max(0, 1 - left * 5)),
    max: tidy(1 - left / 10),
  };
}

function share(value: number): Definition | null {
  if (value <= 0 || value > 1) return null;
  return { distribution: "uniform", min: value < 0.5 ? tidy(value / 2) : 0.5, max: 1 };
}

function smallShare(value: number): Definition | null {
  if (value < 0 || value > 1) return null;
  return { distribution: "uniform", min: 0, max: value <= 0.3 ? 0.3 : 1 };
}

/** The powers of two around it. */
function batch(value: number, literal: Literal): Definition | null {
  if (!literal.integer || value < 1) return null;
  const below = 2 ** Math.floor(Math.log2(value));
  const values = below === value ? [value / 2, value, value * 2] : [below, value, below * 2];
  return { values: values.filter((each) => each >= 1).map(int) };
}

/** Longer is nearly always better and always dearer: it is no part of the search, but of the config. */
function fixed(_value: number, literal: Literal): Definition | null {
  return literal.integer ? { value: literal } : null;
}

function around(least: number): Range {
  return (value, literal) => {
    if (!literal.integer || value < least) return null;
    const min = Math.max(least, Math.ceil(value / 2));
    return { distribution: "int_uniform", min, max: Math.max(2 * value, min + 1) };
  };
}

function few(value: number, literal: Literal): Definition | null {
  if (!literal.integer || value < 1) return null;
  return { distribution: "int_uniform", min: Math.max(1, value - 2), max: value + 2 };
}

/** Half, as it is, twice: sizes stay multiples of what they were multiples of. */
function doubled(value: number, literal: Literal): Definition | null {
  if (!literal.integer || value < 2) return null;
  const half = value % 2 === 0 ? [value / 2] : [];
  return { values: [...half, value, value * 2].map(int) };
}

function flags(value: boolean): Definition {
  return { values: [value, !value].map((each) => ({ value: each, integer: false })) };
}

function choice(plain: string, value: string): Definition | null {
  for (const [pattern, sets] of SETS) {
    const known = pattern.test(plain) ? sets.find((set) => set.includes(value)) : undefined;
    if (known) {
      const others = known.filter((each) => each !== value).slice(0, 2);
      return { values: [value, ...others].map((each) => ({ value: each, integer: false })) };
    }
  }
  return null;
}

const int = (value: number): Literal => ({ value, integer: true });
const float = (value: number): Literal => ({ value, integer: false });

/** Without the noise of binary arithmetic: 0.0001, not 0.00009999999999999999. */
function tidy(value: number): number {
  return Number(value.toPrecision(6));
}

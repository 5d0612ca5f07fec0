/** How a distribution draws, in a line, and an example: what the schema does not say. */

export interface Drawing {
  /** In which law; u is uniform between 0 and 1, z standard normal. */
  readonly formula: string;
  readonly example: string;
}

export const DRAWINGS: Readonly<Record<string, Drawing>> = {
  constant: { formula: "value", example: '{"value": 10}' },
  categorical: { formula: "P(value) = 1 / n", example: '{"values": ["adam", "sgd"]}' },
  categorical_w_probabilities: {
    formula: "P(values[i]) = probabilities[i]",
    example: '{"values": [1, 2], "probabilities": [0.8, 0.2]}',
  },
  int_uniform: { formula: "min, min + 1, …, max, all as likely", example: '{"min": 1, "max": 8}' },
  uniform: { formula: "min + u · (max − min)", example: '{"min": 0.0, "max": 0.5}' },
  q_uniform: {
    formula: "round(x / q) · q, x uniform",
    example: '{"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1}',
  },
  log_uniform: {
    formula: "exp(min + u · (max − min))",
    example: '{"distribution": "log_uniform", "min": -9.2, "max": -2.3}',
  },
  log_uniform_values: {
    formula: "min · (max / min)^u",
    example: '{"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-1}',
  },
  q_log_uniform: {
    formula: "round(exp(x) / q) · q, x uniform",
    example: '{"distribution": "q_log_uniform", "min": 0, "max": 5, "q": 1}',
  },
  q_log_uniform_values: {
    formula: "round(x / q) · q, log x uniform",
    example: '{"distribution": "q_log_uniform_values", "min": 16, "max": 256, "q": 16}',
  },
  inv_log_uniform: {
    formula: "exp(−(min + u · (max − min)))",
    example: '{"distribution": "inv_log_uniform", "min": 0, "max": 5}',
  },
  inv_log_uniform_values: {
    formula: "1 / x, log x uniform from 1 / max to 1 / min",
    example: '{"distribution": "inv_log_uniform_values", "min": 1e-3, "max": 1}',
  },
  normal: { formula: "mu + sigma · z", example: '{"distribution": "normal", "mu": 0, "sigma": 1}' },
  q_normal: {
    formula: "round((mu + sigma · z) / q) · q",
    example: '{"distribution": "q_normal", "mu": 64, "sigma": 16, "q": 8}',
  },
  log_normal: {
    formula: "exp(mu + sigma · z)",
    example: '{"distribution": "log_normal", "mu": -5, "sigma": 1}',
  },
  q_log_normal: {
    formula: "round(exp(mu + sigma · z) / q) · q",
    example: '{"distribution": "q_log_normal", "mu": 4, "sigma": 1, "q": 8}',
  },
  beta: {
    formula: "density ∝ x^(a−1) · (1 − x)^(b−1)",
    example: '{"distribution": "beta", "a": 2, "b": 5}',
  },
  q_beta: {
    formula: "round(x / q) · q, x beta distributed",
    example: '{"distribution": "q_beta", "a": 2, "b": 5, "q": 0.1}',
  },
};

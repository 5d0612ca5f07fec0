/** The cells of an example sweep: one that defines it, one that trains. */

const DEFINE = `%%sweep define
{
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-1},
        "batch_size": {"values": [32, 64, 128]},
    },
}`;

const TRAIN = `%%sweep_train --count 10
for step in range(100):
    log({"loss": (1 + 1 / config.batch_size) * 0.5 ** (step * config.learning_rate)})`;

export const EXAMPLE: readonly string[] = [DEFINE, TRAIN];

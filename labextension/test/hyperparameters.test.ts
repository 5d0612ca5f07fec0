import { describe, expect, it } from "vitest";
import { findHyperparameters } from "../src/lab/hyperparameters";
import { newSweep, type NewSweep } from "../src/lab/new-sweep";

/** {name: definition as it stands in the define cell} */
function ranges(source: string): Record<string, string> {
  const sweep = made(source);
  const lines = sweep.define.matchAll(/^ {8}"(\w+)": (\{.*\}),$/gm);
  return Object.fromEntries([...lines].map(([, name, text]) => [name ?? "", text ?? ""]));
}

function made(...cells: string[]): NewSweep {
  const sweep = newSweep(cells);
  if (typeof sweep === "string") throw new Error(sweep);
  return sweep;
}

const PYTORCH = `
torch.manual_seed(42)
device = "cuda" if torch.cuda.is_available() else "cpu"
lr = 1e-3
batch_size = 64
EPOCHS = 5
DROPOUT = 0.2
hidden_size = 128
num_classes = 10
num_workers = 2
log_interval = 100
data_dir = "./data"

train_loader = DataLoader(MNIST(data_dir, train=True, download=True), batch_size=batch_size, shuffle=True)
model = nn.Sequential(nn.Flatten(), nn.Linear(784, hidden_size), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(hidden_size, num_classes))
optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=5e-4, nesterov=True)
step = 0
for epoch in range(EPOCHS):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        step += 1
        if step % log_interval == 0:
            wandb.log({"train/loss": loss.item(), "step": step})
`;

describe("PyTorch", () => {
  it("finds what can be tuned and leaves seeds, paths, devices, counters and classes alone", () => {
    expect(ranges(PYTORCH)).toEqual({
      lr: '{"distribution": "log_uniform_values", "min": 1e-4, "max": 0.01}',
      batch_size: '{"values": [32, 64, 128]}',
      epochs: '{"value": 5}',
      dropout: '{"distribution": "uniform", "min": 0.0, "max": 0.5}',
      hidden_size: '{"values": [64, 128, 256]}',
      momentum: '{"distribution": "uniform", "min": 0.5, "max": 0.99}',
      weight_decay: '{"distribution": "log_uniform_values", "min": 5e-5, "max": 0.005}',
      nesterov: '{"values": [True, False]}',
    });
  });

  it("replaces each by the run's config, and logs through nbsweep where wandb was", () => {
    const { train, metric, logs } = made(PYTORCH);
    expect(train.split("\n").slice(0, 2)).toEqual([
      "%%sweep_train --count 10",
      "import nbsweep as wandb",
    ]);
    expect(train).toContain(
      "\nlr = config.lr\nbatch_size = config.batch_size\nEPOCHS = config.epochs\n",
    );
    expect(train).toContain("lr=lr, momentum=config.momentum, weight_decay=config.weight_decay");
    expect(train).toContain("torch.manual_seed(42)");
    expect(metric).toEqual({ name: "train/loss", goal: "minimize", logged: true });
    expect(logs).toBe(true);
  });

  it("adds a line that logs the loss where the code logs nothing", () => {
    const { train, logs } = made(`lr = 0.1
opt = torch.optim.Adam(model.parameters(), lr=lr)
for epoch in range(3):
    for x, y in loader:
        loss = step(x, y)
    print(epoch, loss)
print("done")`);
    expect(train).toContain(
      '    print(epoch, loss)\n    log({"loss": float(loss)})\nprint("done")',
    );
    expect(logs).toBe(true);
  });

  it("keeps a config of the code's own apart from the run's", () => {
    const { train } = made(`config = {"lr": 1e-3, "batch_size": 32, "seed": 7}
for _ in range(3):
    run.log({"val_acc": fit(config["lr"])})`);
    expect(train).toBe(`%%sweep_train --count 10
swept = config  # this run's values
config = {"lr": swept.lr, "batch_size": swept.batch_size, "seed": 7}
for _ in range(3):
    run.log({"val_acc": fit(config["lr"])})`);
    expect(ranges(`config = dict(lr=0.5, layers=2)`)).toEqual({
      lr: '{"distribution": "log_uniform_values", "min": 0.05, "max": 1.0}',
      layers: '{"distribution": "int_uniform", "min": 1, "max": 4}',
    });
  });

  it("reads tuples, annotations, attributes, subscripts, defaults and argparse", () => {
    const found = ranges(`lr, momentum = 0.1, 0.8
wd: float = 1e-4
args.dropout = 0.6
hp["batch_size"] = 100
def train(n_layers=3, *, learning_rate: float = 0.01): pass
parser.add_argument("--label-smoothing", type=float, default=0.1)`);
    expect(Object.keys(found)).toEqual([
      "lr",
      "momentum",
      "wd",
      "dropout",
      "batch_size",
      "n_layers",
      "learning_rate",
      "label_smoothing",
    ]);
    expect(found.batch_size).toBe('{"values": [64, 100, 128]}');
    expect(found.dropout).toBe('{"distribution": "uniform", "min": 0.0, "max": 0.9}');
  });

  it("takes a constant that is given two names for one parameter", () => {
    const { train, parameters } = made("lr = learning_rate = 0.01\nstep = momentum = 0.9");
    expect(parameters.map(({ name }) => name)).toEqual(["lr", "momentum"]);
    expect(train).toContain("lr = learning_rate = config.lr\nstep = momentum = config.momentum");
  });

  it("calls one name with two values two parameters, with one value one", () => {
    const found = findHyperparameters(`d_opt = Adam(d.parameters(), lr=2e-4)
g_opt = Adam(g.parameters(), lr=1e-4)
a, b = nn.Dropout(0.5), nn.Dropout(p=0.5)`).parameters;
    expect(found.map(({ name, places }) => [name, places.length])).toEqual([
      ["lr", 1],
      ["lr_2", 1],
      ["dropout", 2],
    ]);
  });

  it("takes a default of train as the run's, with the call left to nbsweep", () => {
    const { train } = made(`def train(lr=0.1):
    for step in range(10):
        loss = lr * step
        log({"loss": loss})`);
    expect(train).toContain("def train(lr=config.lr):");
    expect(train.trimEnd().endsWith('log({"loss": loss})')).toBe(true);
    expect(
      made(`def fit_model(lr=0.1):
    while True:
        log({"loss": lr})`).train,
    ).toMatch(/\nfit_model\(\)$/);
    expect(
      made(`def fit_model(data, lr=0.1):
    while True:
        log({"loss": lr})`).train,
    ).toMatch(/\n# Call it: fit_model\(data\)$/);
  });

  it("calls nothing that the code calls itself, to keep what it gives back", () => {
    const { train } = made(`def fit_model(data, lr=0.1):
    for row in data:
        log({"loss": lr * row})
    return lr
result = fit_model([1, 2, 3])`);
    expect(train.trimEnd().endsWith("result = fit_model([1, 2, 3])")).toBe(true);
  });

  it("offers the values that the code tells apart, and no others", () => {
    const values = (source: string) =>
      findHyperparameters(source).parameters.map(({ definition }) =>
        "values" in definition ? definition.values.map(({ value }) => value) : null,
      );
    expect(
      values(`OPTIMIZERS = {"adam": Adam, "sgd": SGD}
optimizer = "sgd"
make = OPTIMIZERS[optimizer]`),
    ).toEqual([["adam", "sgd"]]);
    expect(
      values(`args.activation = "relu"
if args.activation == "relu":
    act = nn.ReLU()
elif args.activation == "tanh":
    act = nn.Tanh()
label = "adam" if other == "sgd" else "none"`),
    ).toEqual([["relu", "tanh"]]);
    expect(values('config = {"optimizer": "adam", "mode": "fast"}')).toEqual([
      ["adam", "sgd", "rmsprop"],
    ]);
  });
});

describe("Keras", () => {
  const KERAS = `model = keras.Sequential([
    layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
    layers.Flatten(),
    layers.Dense(128, activation="relu"),
    layers.Dropout(0.5),
    layers.Dense(10, activation="softmax"),
])
model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(1e-3), metrics=["accuracy"])
history = model.fit(x_train, y_train, batch_size=128, epochs=15, validation_split=0.1, verbose=2)`;

  it("finds positional arguments that everybody writes so, and not the width of the last layer", () => {
    expect(ranges(KERAS)).toEqual({
      filters: '{"values": [16, 32, 64]}',
      activation: '{"values": ["relu", "tanh", "gelu"]}',
      units: '{"values": [64, 128, 256]}',
      dropout: '{"distribution": "uniform", "min": 0.0, "max": 0.5}',
      learning_rate: '{"distribution": "log_uniform_values", "min": 1e-4, "max": 0.01}',
      batch_size: '{"values": [64, 128, 256]}',
      epochs: '{"value": 15}',
    });
  });

  it("logs what fit kept", () => {
    const { train, logs } = made(KERAS);
    expect(train).toContain("layers.Dense(config.units, activation=config.activation)");
    expect(train).toContain('layers.Dense(10, activation="softmax")');
    expect(train).toMatch(
      /for value in history\.history\["loss"\]:\n {4}log\(\{"loss": value\}\)$/,
    );
    expect(logs).toBe(true);
  });
});

describe("scikit-learn and XGBoost", () => {
  it("finds an estimator's arguments and logs the score", () => {
    const source = `clf = RandomForestClassifier(n_estimators=100, max_depth=8, criterion="gini", random_state=0, n_jobs=-1)
clf.fit(X_train, y_train)
accuracy = clf.score(X_test, y_test)`;
    expect(ranges(source)).toEqual({
      n_estimators: '{"values": [50, 100, 200]}',
      max_depth: '{"distribution": "int_uniform", "min": 4, "max": 16}',
      criterion: '{"values": ["gini", "entropy", "log_loss"]}',
    });
    const { train, metric } = made(source);
    expect(metric).toEqual({ name: "accuracy", goal: "maximize", logged: false });
    expect(train).toMatch(/\nlog\(\{"accuracy": float\(accuracy\)\}\)$/);
  });

  it("finds an SVM's", () => {
    expect(ranges(`svm = SVC(C=1.0, kernel="rbf", gamma=0.01)`)).toEqual({
      C: '{"distribution": "log_uniform_values", "min": 0.1, "max": 10.0}',
      kernel: '{"values": ["rbf", "linear", "poly"]}',
      gamma: '{"distribution": "log_uniform_values", "min": 0.001, "max": 0.1}',
    });
  });

  it("finds those of XGBoost's dict, by index where Python has the word", () => {
    const source = `params = {"objective": "binary:logistic", "eta": 0.3, "max_depth": 6, "subsample": 0.8,
          "colsample_bytree": 1.0, "lambda": 1, "min_child_weight": 1, "seed": 13}
bst = xgb.train(params, dtrain, num_boost_round=200)`;
    expect(Object.keys(ranges(source))).toEqual([
      ...["eta", "max_depth", "subsample", "colsample_bytree", "lambda", "min_child_weight"],
      "num_boost_round",
    ]);
    expect(made(source).train).toContain('"lambda": config["lambda"]');
  });
});

describe("W&B's tutorials", () => {
  it("runs the quickstart's loop on nbsweep", () => {
    const { train, metric, define } = made(`import wandb
import random

with wandb.init(project="my-awesome-project", config={"learning_rate": 0.02, "architecture": "CNN", "dataset": "CIFAR-100", "epochs": 10}) as run:
    offset = random.random() / 5
    for epoch in range(2, 10):
        acc = 1 - 2 ** -epoch - random.random() / epoch - offset
        loss = 2 ** -epoch + random.random() / epoch + offset
        run.log({"acc": acc, "loss": loss})`);
    expect(metric.name).toBe("loss");
    expect(train).toContain("import nbsweep as wandb\nimport random");
    expect(train).toContain('{"learning_rate": config.learning_rate, "architecture": "CNN"');
    expect(define).toContain('"epochs": {"value": 10}');
  });

  it("has nothing to replace in a train function that reads its config already", () => {
    expect(
      newSweep([
        `def train(config=None):
    with wandb.init(config=config):
        config = wandb.config
        loader = build_dataset(config.batch_size)
        for epoch in range(config.epochs):
            wandb.log({"loss": train_epoch(network, loader, optimizer), "epoch": epoch})`,
      ]),
    ).toBe("no constants");
  });
});

describe("what is no training code", () => {
  it("says why", () => {
    expect(newSweep([""])).toBe("empty");
    expect(newSweep(['%%sweep define\n{"method": "random"}'])).toBe("sweep already");
    expect(newSweep(["%%html\n<b>lr = 0.1</b>"])).toBe("empty");
    expect(newSweep(["i = 0\npath = 'x'\nplt.plot(x, alpha=0.5)\nbar(width=3)"])).toBe(
      "no constants",
    );
  });

  it("takes several cells together, magics aside, and half-written code as far as it goes", () => {
    const { train, parameters } = made(
      "%%time\n%matplotlib inline\nlr = 0.1",
      "!ls\nfor i in range(3):\n    log({'mse': lr})",
    );
    expect(train).toBe(
      "%%sweep_train --count 10\n%matplotlib inline\nlr = config.lr\n\n!ls\nfor i in range(3):\n    log({'mse': lr})",
    );
    expect(parameters).toHaveLength(1);
    expect(Object.keys(ranges("lr = 0.1\nfor x in (:\n  dropout = 0.3\nif"))).toContain("lr");
  });
});

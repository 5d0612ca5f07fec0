"""W&B's tutorial "Tune hyperparameters", its code unchanged but for the import, on image digits as MNIST files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = """
import math
import pprint
import sys
import torch
import torch.optim as optim
import torch.nn.functional as F
import torch.nn as nn
from torchvision import datasets, transforms

import nbsweep as wandb

wandb.login()

sweep_config = {
    'method': 'random'
    }

metric = {
    'name': 'loss',
    'goal': 'minimize'
    }

sweep_config['metric'] = metric

parameters_dict = {
    'optimizer': {
        'values': ['adam', 'sgd']
        },
    'fc_layer_size': {
        'values': [128, 256, 512]
        },
    'dropout': {
          'values': [0.3, 0.4, 0.5]
        },
    }

sweep_config['parameters'] = parameters_dict

parameters_dict.update({
    'epochs': {
        'value': 1}
    })

parameters_dict.update({
    'learning_rate': {
        # a flat distribution between 0 and 0.1
        'distribution': 'uniform',
        'min': 0,
        'max': 0.1
      },
    'batch_size': {
        # integers between 32 and 256
        # with evenly-distributed logarithms
        'distribution': 'q_log_uniform_values',
        'q': 8,
        'min': 32,
        'max': 256,
      }
    })

sweep_id = wandb.sweep(sweep_config, project="pytorch-sweeps-demo")

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

def train(config=None):
    # Initialize a new wandb run
    with wandb.init(config=config):
        # If called by wandb.agent, as below,
        # this config will be set by Sweep Controller
        config = wandb.config

        loader = build_dataset(config.batch_size)
        network = build_network(config.fc_layer_size, config.dropout)
        optimizer = build_optimizer(network, config.optimizer, config.learning_rate)

        for epoch in range(config.epochs):
            avg_loss = train_epoch(network, loader, optimizer)
            wandb.log({"loss": avg_loss, "epoch": epoch})

def build_dataset(batch_size):

    transform = transforms.Compose(
        [transforms.ToTensor(),
         transforms.Normalize((0.1307,), (0.3081,))])
    # download MNIST training dataset
    dataset = datasets.MNIST(DATA, train=True, download=True,
                             transform=transform)
    sub_dataset = torch.utils.data.Subset(
        dataset, indices=range(0, len(dataset), 5))
    loader = torch.utils.data.DataLoader(sub_dataset, batch_size=batch_size)

    return loader


def build_network(fc_layer_size, dropout):
    network = nn.Sequential(  # fully connected, single hidden layer
        nn.Flatten(),
        nn.Linear(784, fc_layer_size), nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(fc_layer_size, 10),
        nn.LogSoftmax(dim=1))

    return network.to(device)


def build_optimizer(network, optimizer, learning_rate):
    if optimizer == "sgd":
        optimizer = optim.SGD(network.parameters(),
                              lr=learning_rate, momentum=0.9)
    elif optimizer == "adam":
        optimizer = optim.Adam(network.parameters(),
                               lr=learning_rate)
    return optimizer


def train_epoch(network, loader, optimizer):
    cumu_loss = 0
    for _, (data, target) in enumerate(loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()

        # forward pass
        loss = F.nll_loss(network(data), target)
        cumu_loss += loss.item()

        # backward pass + weight update
        loss.backward()
        optimizer.step()

        wandb.log({"batch loss": loss.item()})

    return cumu_loss / len(loader)

wandb.agent(sweep_id, train, count=5)
"""

AFTERWARDS = """
run = wandb.init(project="after")
import json
sweep = wandb.Sweep(sweep_id)
table, history = sweep.to_pandas(), sweep.history()
print(json.dumps({
    "states": table["state"].tolist(), "project": sweep.project, "best": sweep.best_run.summary["loss"],
    "losses": table["loss"].tolist(), "batches": int(history["batch loss"].notna().sum()),
    "expected": [-(-SAMPLES // int(b)) for b in table["batch_size"]], "fresh": run.sweep_id is None,
}))
"""


@pytest.mark.slow
def test_the_tutorial_runs_unchanged_as_a_plain_script(tmp_path: Path, mnist_root: Path) -> None:
    shim = Path(__file__).parent / "torchvision_shim"
    code = (
        f"DATA = {str(mnist_root)!r}\n{TUTORIAL}\n"
        "SAMPLES = -(-len(datasets.MNIST(DATA, train=True)) // 5)\n" + AFTERWARDS
    )
    script = tmp_path / "tutorial.py"
    script.write_text(code)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(shim), os.environ.get("PYTHONPATH", "")])}
    env.pop("NBSWEEP_STORAGE", None)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["states"] == ["finished"] * 5 and result["project"] == "pytorch-sweeps-demo"
    assert result["best"] == min(result["losses"])
    assert result["batches"] == sum(result["expected"])
    assert result["fresh"] is True
    assert "5 of 5 runs" in done.stderr and (tmp_path / ".nbsweep" / "nbsweep.db").exists()

# make demo   the quickstart for real: five runs, progress in the terminal, and at a terminal JupyterLab on its copy
# make bench  what logging costs: tables to the terminal and to tests/artifacts/logging.md (docs/logging.md)
# make test   every check: lint, types, the front end's tests, then pytest with kernels and a browser
# Needs Python 3.11 or newer with venv, Node 20 with npm, and nothing else; all that is installed lies in .venv.

PYTHON ?= python3
# The one place that names PyTorch's version. torchvision's follows from it.
TORCH ?= 2.13.0

VENV := .venv
FLOOR := .venv-floor
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
FLOOR_INSTALLED := $(FLOOR)/.installed
FRONT_END := $(wildcard labextension/*.json labextension/*.mjs) $(shell find labextension/src labextension/schema -type f)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

# How many processes share the tests, a file each at a time.
TEST_PROCESSES ?= 2

# The peers' environment, for `make bench PEERS=DIR/bin/python`: wandb tensorboard torch tensorboardX trackio mlflow aim optuna
PEERS ?=

.PHONY: demo test bench lint front-end-test install floor build clean

demo: $(INSTALLED)
	$(BIN)/python examples/run_demo.py

test: lint front-end-test $(FLOOR_INSTALLED)
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

bench: $(INSTALLED)
	$(BIN)/python -m tests.benchmarks.logging $(if $(PEERS),--peers $(PEERS))

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

front-end-test: $(INSTALLED)
	cd labextension && npm run --silent lint && npm run --silent typecheck && npm run --silent test

install: $(INSTALLED)

floor: $(FLOOR_INSTALLED)

build: $(INSTALLED)
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) $(FLOOR) build dist labextension/node_modules labextension/lib nbsweep/static nbsweep/labextension
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/artifacts examples/.demo

# torch comes first and by version: a range, asked for later, then takes what is there.
# The bundles are removed so that the Python build makes them anew, whichever of the sources changed.
$(INSTALLED): pyproject.toml $(FRONT_END)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "torch==$(TORCH)" torchvision
	rm -rf nbsweep/static nbsweep/labextension
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

# The oldest notebook that is served (Colab's), with this checkout in it: the metadata must admit those versions.
$(FLOOR_INSTALLED): $(INSTALLED) tests/floor/constraints.txt
	test -x $(FLOOR)/bin/python || $(PYTHON) -m venv $(FLOOR)
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 $(FLOOR)/bin/python -m pip install --quiet --editable . ipykernel \
		--constraint tests/floor/constraints.txt
	touch $@

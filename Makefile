# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
RECIPE ?= recipes/crossroads.toml
TORCH_INDEX ?=
TESTS_AT_ONCE ?= 2

BIN := $(VENV)/bin
READY := $(VENV)/.ready
TORCH := $(shell grep '^torch==' requirements.lock)

# The models of the demo and the tests are so small that one thread a process is the fastest.
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: demo smoke test lint bench venv clean help

demo: $(READY) ## run a recipe from scratch (RECIPE=recipes/crossroads.toml); go on with the same command
	$(BIN)/cppo run $(RECIPE)

smoke: ## run the whole path in about a minute, too short to learn much
	$(MAKE) demo RECIPE=recipes/crossroads-smoke.toml

test: $(READY) ## run every test, the slow ones too; browser tests need a chromium on PATH
	$(BIN)/python -m pytest --numprocesses $(TESTS_AT_ONCE) --dist loadfile

lint: $(READY) ## ruff, mypy and the floors of the house (import-linter)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## run the measurements of benchmarks/ that need nothing but time
	@set -e; for name in limits overhead page rollout step verifier; do echo "== $$name"; $(BIN)/python benchmarks/$$name.py; done

venv: $(READY) ## only set up; without a GPU: TORCH_INDEX=https://download.pytorch.org/whl/cpu

# torch first: where TORCH_INDEX names another index, it is asked for torch alone.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	  "cppo needs Python 3.11 or newer, this is %s; name another one: make PYTHON=python3.12" % sys.version.split()[0])'
	test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH)
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

clean: ## remove caches and build products; .venv and runs/ stay
	rm -rf build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

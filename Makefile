# Everything happens in .venv, from requirements.lock. Paths are relative, so the checkout may lie
# anywhere, also under a name with a space. What a target runs is what you can run by hand.

PYTHON ?= python3
N ?= 20
SEED ?= 1

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK_VENV := build/lock-venv
PIP := -m pip --disable-pip-version-check --no-input

# Tests start hundreds of processes: what Python has compiled once is kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help ghost venues-demo test check services collected kit crash bench evidence lock clean
.DEFAULT_GOAL := help

help:
	@echo "make ghost       run the ghost scenarios, write evidence/"
	@echo "make venues-demo 200 opportunities on simulators of both venues, real signatures (N=, BUS=, SEED=)"
	@echo "make test        ruff, pyright, import order, tests"
	@echo "make crash N=20  kill -9 at every kill point, N rounds; CRASH_STORE=postgresql"
	@echo "make kit         the conformance kit on every wrong venue and every imitation, all cases on each"
	@echo "make soak        20000 opportunities through broken brokers, networks and runtimes (N=, SEED=)"
	@echo "make bench       measure, write benchmarks/results.json"
	@echo "make evidence    write everything in evidence/ anew"
	@echo "make lock        pin the newest versions that pyproject.toml allows"
	@echo "make clean       remove what can be made again"

ghost: $(STAMP)
	@$(BIN)/xarb ghost

venues-demo: $(STAMP)
	@$(BIN)/xarb venues-demo --count "$(if $(filter file,$(origin N)),200,$(N))" --seed "$(SEED)" $(if $(BUS),--bus "$(BUS)")

# pytest comes last: its closing line is the last line. Four at a time: two wait, two calculate, see
# tests/side_by_side.py.
# The environment is made alone: on a bare Debian that, too, installs packages.
test:
	@PYTHON="$(PYTHON)" bash .ci/venv "$(VENV)"
	@$(MAKE) --no-print-directory -j 3 --output-sync=target check services collected
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# Compiles the tests once, for all who run them at the same time.
collected: $(STAMP)
	@mkdir -p build
	@$(BIN)/python -m pytest --collect-only -qq >build/collected.txt || { cat build/collected.txt; exit 2; }

# RabbitMQ, PostgreSQL and what else tests start for themselves: installed where missing.
services:
	@bash .ci/services

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-logo

crash: $(STAMP)
	@CRASH_ROUNDS="$(N)" $(BIN)/python -m pytest tests/crash --timeout=0

kit: $(STAMP)
	@KIT=whole $(BIN)/python -m pytest -n 2 --dist loadfile tests/kit tests/azuro/test_conformance_elsewhere.py

soak: $(STAMP)
	@SOAK_COUNT="$(if $(filter file,$(origin N)),20000,$(N))" SOAK_SEED="$(SEED)" $(BIN)/python -m tests.soak

bench: $(STAMP) services
	@$(BIN)/python -m benchmarks

evidence: ghost
	@$(BIN)/python -m tests.docs.reports
	@$(BIN)/python -m pytest tests/runbooks

$(STAMP): requirements.lock pyproject.toml hatch_build.py .ci/venv
	@PYTHON="$(PYTHON)" bash .ci/venv "$(VENV)"
	@$(BIN)/python $(PIP) install -qq --no-deps --no-compile --require-hashes -r requirements.lock
	-@$(BIN)/python -m compileall -q -j 0 -x '/(ccxt|pip|setuptools)/' "$(VENV)/lib"
	@$(BIN)/python $(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch "$(STAMP)"

lock:
	@PYTHON="$(PYTHON)" bash .ci/venv "$(LOCK_VENV)"
	@$(LOCK_VENV)/bin/python $(PIP) install -qq "pip-tools==7.6.2"
	@$(LOCK_VENV)/bin/python -m piptools compile --quiet --upgrade --generate-hashes --allow-unsafe \
		--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras \
		--all-extras --output-file requirements.lock pyproject.toml

clean:
	@rm -rf "$(VENV)" build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

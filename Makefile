# Needs only make and Python >= 3.11. Every target first builds .venv from the pins if it is missing or stale.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
QUICK ?=
quick := $(if $(filter-out 0,$(QUICK)),--quick)

.DEFAULT_GOAL := help
.PHONY: help env verify test mutants faults figures bench derive lint pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  ARGS='...' passes further arguments on: make test ARGS='-k isotropic'"

env: .venv/.project ## build .venv from the pins, if missing or stale

verify: env ## confirm the theorems and write build/report (QUICK=1: in seconds)
	$(BIN)/ttt-theory verify $(quick) --report build/report $(ARGS)

test: env ## run the tests
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

mutants: env ## show that the evidence rejects wrong theorems, and write build/mutants
	$(BIN)/ttt-theory mutants --report build/mutants $(ARGS)

faults: env ## plant faults in the numerical modules, and see the tests notice; keeps verdicts in build/faults
	$(BIN)/python -m tests.faults $(ARGS)

figures: env ## draw the figures (QUICK=1: fewer simulated prompts)
	$(BIN)/ttt-theory figures $(quick) $(ARGS)

bench: .venv/.benchmark ## measure speed and memory beside PyTorch, which this installs, and write build/bench
	$(BIN)/python -m benchmarks --out build/bench $(ARGS)

derive: env ## regenerate each theory's closed_form/ from the derivations
	$(BIN)/python -m derivations $(ARGS)

lint: env ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pip_compile = env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null build/pins/bin/pip-compile --quiet \
	--allow-unsafe --strip-extras --generate-hashes --annotation-style=line --no-header --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links $(ARGS)

# Under the oldest Python supported, so that each version chosen serves all of them; without this machine's own pip
# settings, so that the hashes are the public ones. Keeps what is pinned where it can: ARGS=--upgrade does not.
pins: ## resolve requirements/ anew from pyproject.toml (ARGS=--upgrade)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "make pins needs Python 3.11: set PYTHON")'
	$(PYTHON) -m venv --clear build/pins
	build/pins/bin/python -m pip install --quiet pip-tools==7.6.2
	$(pip_compile) --extra verify,sweep,distributed,cli,test,lint --all-build-deps --output-file requirements/dev.txt pyproject.toml
	$(pip_compile) --extra benchmark --constraint requirements/dev.txt --output-file requirements/benchmark.txt pyproject.toml

clean: ## remove .venv and all that was built
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A virtual environment works only where it was made, and while its interpreter is there.
ifneq ($(CURDIR),$(shell $(BIN)/python -c '' 2>/dev/null && cat .venv/.pins 2>/dev/null))
.PHONY: .venv/.pins
endif

# The stamps come last, so that an interrupted build is done over.
.venv/.pins: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ttt-theory needs Python >= 3.11, but $(PYTHON) is " + sys.version.split()[0] + ": set PYTHON, as in make test PYTHON=python3.12")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@echo "$(CURDIR)" > $@

.venv/.project: .venv/.pins pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# PyTorch is large, and nothing else needs it.
.venv/.benchmark: .venv/.project requirements/benchmark.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/benchmark.txt
	@touch $@

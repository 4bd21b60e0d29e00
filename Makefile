# rollout-curator: everything a person or CI does here. `make` alone prints this list.
# Needs Python 3.11 or newer, git and make; the rest is installed into .venv, and again when pyproject.toml or
# constraints.txt change.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test drills test-peers test-trainers quick check format bench pins clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-peers
TRAINERS := trl llamafactory axolotl
PIP := -m pip --quiet --disable-pip-version-check
DATA ?= sample_data
ARGS ?=
# Where `make drills` keeps what it counted: a part that is run again takes its place, `rm` begins anew.
LEDGER ?= .drills.json
# Tests that neither drive a browser nor injure the program run two at a time; ARGS="-n 0" one after the other.
QUICK := -n 2 -m "not browser and not drill and not peer and not trainer and not simulation"
# What pytest ends with when ARGS leave it no test in one of the two halves; none in both is a mistake, and fails.
NONE := 5

# The first Python on the PATH that is new enough and can make a venv; `make PYTHON=/path/to/python3` overrules it.
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c '$(FITS)' >/dev/null 2>&1 && echo $$p && break; done)

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## open the app on sample_data (DATA=path of your rollouts, ARGS="--port 8600")
	$(BIN)/rollout-curator ui $(DATA) $(ARGS)

test: $(READY) ## run every test, in a real browser too (ARGS="-k words")
	CHROMIUM="$$($(BIN)/python tests/browser/find_browser.py --install)" && export CHROMIUM && \
	{ $(BIN)/python -m pytest $(QUICK) $(ARGS); quick=$$?; test $$quick -eq 0 || test $$quick -eq $(NONE); } && \
	{ $(BIN)/python -m pytest -m "(browser or drill) and not peer and not trainer and not simulation" $(ARGS); slow=$$?; \
	test $$slow -eq 0 || { test $$slow -eq $(NONE) && test $$quick -eq 0; }; }

test-peers: $(PEERS)/.ready ## hold what is said of trainers against their own code (datasets, transformers, TRL, LLaMA-Factory)
	$(PEERS)/bin/python -m pytest -m peer $(ARGS)

test-trainers: $(PEERS)/.ready $(TRAINERS:%=.venv-%/.ready) ## train with TRL, LLaMA-Factory and Axolotl on what is exported for them (minutes, not in CI)
	$(PEERS)/bin/python -m pytest -m trainer -ra $(ARGS)

drills: $(READY) ## run everything long, end with the table of promises (hours; DRILL_KILLS=50 for fewer, ARGS="-k kills")
	CHROMIUM="$$($(BIN)/python tests/browser/find_browser.py --install)" && export CHROMIUM && \
	DRILLS=full DRILLS_LEDGER=$(LEDGER) $(BIN)/python -m pytest -s -o faulthandler_timeout=0 \
	-m "drill or simulation" $(ARGS)

quick: $(READY) ## run the tests that need neither a browser nor a drill
	$(BIN)/python -m pytest $(QUICK) $(ARGS)

check: $(READY) ## lint, layout and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY) ## set layout and import order right
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

bench: $(READY) ## run the benchmarks in bench/, one after the other
	@set -e; for f in bench/bench_*.py; do echo "== $$f"; $(BIN)/python "$$f" $(ARGS); done

pins: ## renew constraints.txt: what a new environment resolves to today
	rm -rf .venv-pins
	$(PYTHON) -m venv .venv-pins
	.venv-pins/bin/python $(PIP) install -e '.[test,dev,peers]'
	.venv-pins/bin/python $(PIP) install --no-deps trl llamafactory
	sed -n '/^#/p' constraints.txt > .venv-pins/constraints.txt
	.venv-pins/bin/python $(PIP) list --format=freeze --exclude-editable --exclude pip --exclude setuptools \
		--exclude wheel >> .venv-pins/constraints.txt
	mv .venv-pins/constraints.txt constraints.txt
	rm -rf .venv-pins

clean: ## remove what make, pytest and builds left here; never a decision, a source or an export
	rm -rf $(VENV) $(PEERS) $(TRAINERS:%=.venv-%) .venv-pins build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache $(LEDGER)
	find app.py bench components sample_data tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with venv and pip was found: install one (on Debian: apt-get install python3 python3-venv), or name it with make PYTHON=/path/to/python3." >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) install -c constraints.txt -e '.[test,dev]'
	@touch $@

# The trainers come without what they need for training (torch and more): only their loaders and templates are used.
$(PEERS)/.ready: pyproject.toml constraints.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python $(PIP) install -c constraints.txt -e '.[test,peers]'
	$(PEERS)/bin/python $(PIP) install -c constraints.txt --no-deps trl llamafactory
	@touch $@

# Each trainer with the exact versions of its own file, which pin all they bring: torch for the CPU, and nothing that a
# small run on texts does not need (of Axolotl all that it imports, of what it asks for).
.venv-%/.ready: tests/trainers/%.txt
	test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python $(PIP) install --no-compile --no-deps -r $<
	@touch $@

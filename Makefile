# Everything here needs only python3, make and (for the optional tools) apt. `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench docs conformance crash walls faults soak tools lock clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A fresh Debian has python3 without venv; install it there and nowhere else.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { apt-get update -q && apt-get install -qy python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY)  ## start a registry on this machine: one command, no configuration
	$(BIN)/seawall up $(ARGS)

# Several processes share the tests (tests/conftest.py says how); ARGS=-n0 runs them one after another, as -s needs.
test: $(READY) tools  ## lint, type check and every test; ARGS='tests/unit -k name' for some
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)  ## rewrite the sources in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) tools  ## measure Seawall beside its peers and rewrite the table in docs/performance.md
	$(BIN)/python -m bench.rules
	$(BIN)/python -m bench.replication
	$(BIN)/python -m bench.operators
	$(BIN)/python -m bench $(ARGS)

docs: $(READY)  ## rewrite the pages that are made from the code
	{ sed '/^| Target/,$$d' docs/rules/targets.md; $(BIN)/seawall targets --markdown; } > docs/rules/.targets.md
	mv docs/rules/.targets.md docs/rules/targets.md

conformance: $(READY) tools  ## run the official OCI conformance program, versions 1.1 and dev
	$(BIN)/python -m pytest tests/real/test_conformance.py $(ARGS)

crash: $(READY)  ## 200 kill -9 during pushes; every acknowledged digest must read back
	SEAWALL_KILLS=200 $(BIN)/python -m pytest tests/real/test_crash.py $(ARGS)

walls: $(READY) tools  ## play every scenario behind real firewalls, as root; ARGS='half-open --shell' to look around
	$(BIN)/python -m tests.walls.runner $(ARGS)

faults: $(READY) tools  ## real faults and real clients between three regions in namespaces, as root
	$(BIN)/python -m pytest -n0 $(addprefix tests/replication/test_,faults*.py clients.py microsoft.py) $(ARGS)

soak: $(READY) tools  ## three regions, clients and faults for ten minutes, as root; nothing acknowledged may be lost; ARGS='--minutes 60'
	$(BIN)/python -m tests.replication.soak $(ARGS)

tools:  ## install the real clients and servers that the tests use, as far as this machine can
	@scripts/tools

lock: $(READY)  ## pin every dependency again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --group dev --output-file requirements.lock pyproject.toml requirements/build.in

clean:  ## remove the environment and the caches
	rm -rf $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis

# `make serve` runs the app with the mock server, `make test` passes every test. Both install what they need.
VENV ?= .venv
PORT ?= 5173
BACKEND ?=
DIST ?=
PYTHON := $(VENV)/bin/python
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
WORKERS ?= $(CORES)
BROWSERS ?= $(shell echo $$(($(CORES) < 6 ? 2 * $(CORES) : 12)))
SERVE_FLAGS := --port $(PORT) $(if $(BACKEND),--backend $(BACKEND)) $(if $(DIST),--dist dist)
BUILT := $(if $(DIST),dist/manifest.json)
# A build for a backend elsewhere cannot be tested here: what tests makes its own.
ELSEWHERE := $(if $(filter e2e bench dist/manifest.json,$(MAKECMDGOALS)),$(shell grep -ls '"backend": "http' dist/manifest.json))
BUILT_FROM := index.html $(shell find frontend tools/bundle -type f -not -path '*/__pycache__/*')

# Where the environment forbids Python to keep what it has compiled, each process compiles it anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: serve build anew test ready lint unit e2e bench exhaustive simulate mutants lock clean

# DIST=1 serves the build instead of the sources.
serve: $(VENV)/.installed node_modules/.installed $(BUILT)
	@exec $(PYTHON) -m mock_server $(SERVE_FLAGS)

# BACKEND=https://api.example.com is for a build that is served from elsewhere than its backend.
build: $(VENV)/.installed node_modules/.installed
	PILITO_BROWSER="$$($(PYTHON) -m tools.browser)" $(PYTHON) -m tools.bundle $(if $(BACKEND),--backend $(BACKEND))

dist/manifest.json: $(VENV)/.installed node_modules/.installed $(BUILT_FROM) $(if $(ELSEWHERE),anew)
	PILITO_BROWSER="$$($(PYTHON) -m tools.browser)" $(PYTHON) -m tools.bundle

# What needs no other's result runs side by side, each saying its lines when it is done; the browser tests come last, alone.
test:
	@echo "lint, CPython tests and build, side by side: a minute or two"
	@$(MAKE) --no-print-directory -j3 --output-sync=target lint unit ready
	@$(MAKE) --no-print-directory e2e

ready: $(VENV)/.installed node_modules/.installed
	@$(PYTHON) -m tools.browser --shell > /dev/null
	@$(MAKE) --no-print-directory dist/manifest.json

lint: $(VENV)/.installed
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

unit: $(VENV)/.installed node_modules/.installed
	$(PYTHON) -m pytest tests -n $(WORKERS)

# The whole suite on the build, which is what people run, and a few journeys on the sources. SOURCES=1: all of it on those.
# Hypothesis, which no browser test uses, would cost each worker a second to import.
e2e: $(VENV)/.installed node_modules/.installed dist/manifest.json
	shell="$$($(PYTHON) -m tools.browser --shell)" && export PILITO_BROWSER="$$($(PYTHON) -m tools.browser)" && \
	run() { $(PYTHON) -m pytest -p no:hypothesispytest -n $(BROWSERS) --dist worksteal --pilito-browser "$$shell" "$$@"; } && \
	run e2e $(if $(SOURCES),,--pilito-dist dist && run e2e/test_journey.py e2e/test_connection.py)

# Prints the table of targets and writes it, the figures and the pictures. BENCH=frames runs one of them.
bench: $(VENV)/.installed node_modules/.installed dist/manifest.json
	$(PYTHON) -m bench $(BENCH)

# The connection's machine in every order of events, to closure, for small bounds.
exhaustive: $(VENV)/.installed
	PYTHONPATH=frontend $(PYTHON) -m exhaustive

# Whole tabs in a simulated world; a failing seed is cut down and printed.
SEEDS ?= 2000
simulate: $(VENV)/.installed
	PYTHONPATH=frontend $(PYTHON) -m simulator --seeds $(SEEDS)

# The simulated world against broken variants of the client: each must show within SEEDS runs.
mutants: SEEDS = 20000
mutants: $(VENV)/.installed
	$(PYTHON) -m simulator.mutants --seeds $(SEEDS)

# Each stamp is older than its lock when the lock has changed, and then the step runs again.
$(VENV)/.installed: requirements.lock
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "set-up step 'Python' failed: Python 3.11 or newer is needed; put one first on the PATH."; exit 1; }
	@test -x $(PYTHON) || python3 -m venv $(VENV) \
	  || { echo "set-up step 'virtual environment' failed: install Python's venv module (Debian: python3-venv)."; exit 1; }
	@$(PYTHON) -m pip install -q --disable-pip-version-check -r requirements.lock \
	  || { echo "set-up step 'Python packages' failed: pip must reach PyPI; see the lines above."; exit 1; }
	@touch $@

node_modules/.installed: package-lock.json tools/compile_stdlib.py tools/compile_stdlib.mjs $(VENV)/.installed
	@$(PYTHON) -m tools.runtime
	@touch $@

# Takes the newest versions that pyproject.toml allows.
lock:
	python3 -m venv build/lock
	build/lock/bin/pip install -q --disable-pip-version-check ".[mock,dev]"
	{ echo "# Exact versions of everything the two commands use. Refresh: make lock"; \
	  build/lock/bin/pip freeze --exclude pilito-frontend; } > requirements.lock
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund
	rm -rf build/lock

clean:
	rm -rf $(VENV) node_modules build dist test-results

# make demo   the whole path once, start to finish
# make test   everything that needs only PyPI
# make help   the rest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help

.PHONY: help
help:  ## Show this list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(STAMP)  ## Make .venv with everything in it.

.PHONY: up
up: $(STAMP)  ## Run the local stack until Ctrl-C.
	$(BIN)/ugc up

.PHONY: demo
demo: $(STAMP)  ## Show the whole path once, on a stack of its own.
	$(BIN)/ugc demo

.PHONY: lint
lint: $(STAMP)  ## ruff and mypy.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: generate
generate: $(STAMP)  ## Write anew every file that is generated; a test tells when one is stale.
	UPDATE_GOLDEN=1 $(BIN)/pytest --quiet -m "generated and not full"

# As many processes as there are processors, up to four: tests on real servers are many, and each
# has a stack of its own.  WORKERS=0 runs them one after the other in this process.
WORKERS ?= auto
PARALLEL = --numprocesses $(WORKERS) --maxprocesses 4 --dist worksteal

DOCS_ADDRESS ?= 127.0.0.1:8088

.PHONY: docs
docs: $(STAMP)  ## Serve the documentation site, as it changes (DOCS_ADDRESS=127.0.0.1:8088).
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --dev-addr $(DOCS_ADDRESS)

.PHONY: test
test: $(STAMP) lint  ## Everything that needs only PyPI.
	$(BIN)/pytest $(PARALLEL) -m "not full"

.PHONY: coverage
coverage: $(STAMP)  ## What of the code the tests of make test reach, without those on real servers.
	$(BIN)/coverage run -m pytest -m "not full and not stack"
	$(BIN)/coverage report

.PHONY: test-full
test-full: $(STAMP)  ## What needs servers from outside PyPI as well; installs them if it may.
	tests/fullstack/install
	ETL_STATE_MACHINE_EXAMPLES=3000 $(BIN)/pytest --timeout=3600 tests/etl/test_faults.py
	COMPATIBILITY_EXAMPLES=1000 $(BIN)/pytest --timeout=1800 tests/ugc/compatibility/test_differential.py
	SECOND_JUDGE_EXAMPLES=3000 $(BIN)/pytest --timeout=1800 tests/contracts/evolution/test_second_judge.py
	RAW_BYTES_EXAMPLES=5000 $(BIN)/pytest --timeout=1800 tests/api/http/test_raw_bytes.py
	WIRE_EXAMPLES=5000 $(BIN)/pytest --timeout=1800 tests/api/http/test_wire.py
	$(BIN)/pytest $(PARALLEL) -m full

.PHONY: test-long
test-long: $(STAMP)  ## The random explorations at their full counts: about half an hour.
	ETL_STATE_MACHINE_EXAMPLES=20000 $(BIN)/pytest --timeout=7200 tests/etl/test_faults.py
	COMPATIBILITY_EXAMPLES=20000 $(BIN)/pytest --timeout=7200 tests/ugc/compatibility/test_differential.py
	SECOND_JUDGE_EXAMPLES=100000 $(BIN)/pytest --timeout=7200 tests/contracts/evolution/test_second_judge.py
	RAW_BYTES_EXAMPLES=50000 $(BIN)/pytest --timeout=3600 tests/api/http/test_raw_bytes.py
	WIRE_EXAMPLES=50000 $(BIN)/pytest --timeout=3600 tests/api/http/test_wire.py

MINUTES ?= 10
SEED ?= 1
SOAK ?=

.PHONY: soak
soak: $(STAMP)  ## The stack under load and faults: MINUTES=10 SEED=1 (SOAK=--apache: Apache Kafka).
	$(BIN)/python -m tests.faults.soak --minutes $(MINUTES) --seed $(SEED) $(SOAK)

QUICK ?=
ONLY ?=
NOTE ?=
BENCH = $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(NOTE),--note '$(NOTE)')

.PHONY: bench
bench: $(STAMP)  ## Measure against others, and write docs/performance.md (QUICK=1 ONLY=api/).
	$(BIN)/python -m bench.harness run $(BENCH)

.PHONY: bench-check
bench-check: $(STAMP)  ## Measure quickly; say what got worse since the results committed last.
	$(BIN)/python -m bench.harness check --quick $(if $(ONLY),--only $(ONLY))

.PHONY: lock
lock: $(STAMP)  ## Resolve the dependencies anew.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --upgrade \
	    --extra api --extra etl \
	    pyproject.toml --output-file requirements/base.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --upgrade \
	    --extra local --extra mcp --extra dev --constraint requirements/base.txt \
	    pyproject.toml --output-file requirements/dev.txt

.PHONY: clean
clean:  ## Remove the virtual environment and the local stack's data.
	rm -rf $(VENV) .coverage .ugc .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info build

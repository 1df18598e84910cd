# Two commands are enough: `make run` and `make test`. Both do all set-up themselves; a second call starts at once.
# They need Python >= 3.11 and make, and a package index for the first call.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
FINDINGS := $(VENV)/reliability.jsonl
SQL := $(shell find dbt_project/models dbt_project/macros -name '*.sql') dbt_project/.sqlfluff
# dbt-core 1.12 names it for --use-v2-parser alone, and its build downloads from outside the package index.
NOT_INSTALLED := dbt-core-experimental-parser

export PYTHONDONTWRITEBYTECODE=
export DO_NOT_TRACK=1
export DAGSTER_DISABLE_TELEMETRY=1
unexport PYTHONPATH

.PHONY: run test test-all test-live ui setup lock lint bench docs reliability clean

run: $(READY)            ## the main job: the last closed week of the simulated market, or of what REGIME_HOME holds
	@$(BIN)/regime run

test: $(READY)           ## everything to a green suite, in about a quarter of an hour on two cores
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m "not slow and not live"

test-all: $(READY)       ## the slow tests too
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m "not live"

test-live: $(READY)      ## talks to the real services; opens no gate, and was never run where this was written
	@$(BIN)/python -m pytest -m live tests/live

ui: $(READY)             ## Dagster's page on the same home and source as the command line
	@$(BIN)/regime ui

bench: $(READY)          ## ratios against peers, from one run
	@$(BIN)/python -m benchmarks

docs: $(READY)           ## docs/metrics.md, the dictionary of the marts, from the models' own words
	@$(BIN)/python -m regime.dictionary

reliability: $(READY)    ## docs/reliability.md: every fault, kill and reader, from a run of their tests (all must pass)
	@rm -f $(FINDINGS)
	@REGIME_RELIABILITY=$(CURDIR)/$(FINDINGS) $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m "not live" \
		$(wildcard tests/pipeline/test_faults*.py tests/pipeline/test_kill*.py tests/pipeline/test_reader*.py)
	@$(BIN)/python -m tests.pipeline.reliability $(FINDINGS)
	@echo "docs/reliability.md is made anew"

lint: $(READY) $(VENV)/.sql-linted
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

# sqlfluff needs half a minute for all models, so it looks again only where SQL has changed.
$(VENV)/.sql-linted: $(SQL) | $(READY)
	@cd dbt_project && DBT_TARGET_PATH=../$(VENV)/sqlfluff DBT_LOG_PATH=../$(VENV)/sqlfluff ../$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar models
	@touch $@

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python >= 3.11 is needed; set PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Setting up $(VENV) (once, a minute or two) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 2 warehouse ingestion expectations report alerts orchestration regime simulator
	@$(BIN)/python -m warehouse.builds.project
	@touch $(READY)

lock:                    ## renew requirements.lock, and the same pins for `uv sync` in pyproject.toml (needs uv)
	@echo "$(NOT_INSTALLED); sys_platform == 'never'" | uv pip compile --no-config --quiet --generate-hashes --universal \
		--python-version 3.11 --no-header --no-annotate --no-strip-extras --extra dev \
		--override - --no-emit-package $(NOT_INSTALLED) pyproject.toml -o requirements.lock
	@sed -i.old '/^constraint-dependencies = \[/,$$d' pyproject.toml && rm pyproject.toml.old
	@{ echo "constraint-dependencies = ["; \
		sed -nE 's/^([A-Za-z0-9._-]+)(\[[a-z,-]+\])?(==[^ ;]+)( ; [^\\]*[^ \\])? *\\?$$/    "\1\3\4",/p' requirements.lock; \
		echo "]"; } >> pyproject.toml

clean:                   ## remove the environment; never the data
	rm -rf $(VENV) .mypy_cache .ruff_cache dbt_project/target dbt_project/logs

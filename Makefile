# Two commands on a fresh machine: `make run` and `make test`. They need Python 3.11 or newer, make and git.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
SPARK_STAMP := .venv/.spark

.DEFAULT_GOAL := help
.PHONY: help run test dev setup spark refresh doctor docs rebuild lint types walls validate pytest bench bench-peers lock clean

help:           ## what there is to do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

run: setup      ## the whole job, offline, on samples/; prints the readiness table and where to look next
	@$(BIN)/kesiapan refresh

test: lint types walls validate pytest  ## lint, types, walls, definitions, tests

dev: setup      ## the Dagster UI and daemon on persistent state
	@$(BIN)/kesiapan dev

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is `$(PYTHON) --version`: make PYTHON=python3.12"; exit 1; }
	@echo "setting up .venv from requirements.lock (once, a minute or two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

spark: $(SPARK_STAMP)  ## what `engine = "spark"` needs besides Java 17: 430 MB, see docs/scale-out.md

$(SPARK_STAMP): requirements-spark.lock $(STAMP)
	@echo "installing pyspark (once, some minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --require-hashes -r requirements-spark.lock
	@touch $(SPARK_STAMP)

refresh: setup  ## ingest, release what became due, publish
	@$(BIN)/kesiapan refresh

doctor: setup   ## check this installation
	@$(BIN)/kesiapan doctor

docs: setup     ## Great Expectations' Data Docs of every feed's newest batch
	@$(BIN)/kesiapan docs

rebuild: setup  ## the warehouse anew, out of the archive alone
	@$(BIN)/kesiapan rebuild

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

walls: setup
	$(BIN)/lint-imports

validate: setup
	$(BIN)/dagster definitions validate

pytest: setup
	$(BIN)/pytest

bench: setup    ## speed of the gate, of the roll-up and of a monitor's ingest, as ratios within one run; of submissions in bulk
	@$(BIN)/python -m tests.bench.gate
	@$(BIN)/python -m tests.bench.submissions
	@$(BIN)/python -m tests.bench.uptime
	@$(BIN)/python -m tests.bench.monitor

bench-peers: setup  ## the same rules in other engines, each in its own environment below build/; the roll-up in polars and pandas
	@$(BIN)/python -m tests.bench.peers
	@$(BIN)/python -m tests.bench.peers.roll_up

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
SPARK := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["spark"], sep="\n")

lock:           ## resolve pyproject.toml anew into requirements.lock and requirements-spark.lock
	$(LOCK) --extra dev pyproject.toml -o requirements.lock
	$(BIN)/python -c '$(SPARK)' | $(LOCK) --constraint requirements.lock - -o requirements-spark.lock

clean:          ## remove the environment and caches; var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

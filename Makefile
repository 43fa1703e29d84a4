# The task list. `make` prints it.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.PHONY: help demo test check bench build lock format web client env spark clean

BIN := .venv/bin
ENV := .venv/.ready
NODE_MODULES := web/node_modules/.ready
WEB := src/aftercare/web/.built
NPM := ../scripts/with-node npm --no-fund --no-audit
WORKERS ?= auto

# Folders count as well: a file that was deleted changes nothing else.
WEB_SOURCES := $(shell find web -mindepth 1 \( -name node_modules -o -name '.*' -o -name '*.tsbuildinfo' \) -prune -o -print)

# A checkout that was moved or copied has scripts that point to its old place.
ifneq ($(shell cat $(ENV) 2>/dev/null),$(CURDIR))
.PHONY: $(ENV)
endif

help: ## this list
	@awk -F ' ## ' '/^[a-z]+:.* ## / { split($$1, name, ":"); printf "  make %-8s %s\n", name[1], $$2 }' $(MAKEFILE_LIST)

demo: $(ENV) $(WEB) ## the demo shop on http://127.0.0.1:8000 (ARGS=--live goes on living)
	@exec $(BIN)/aftercare demo $(ARGS)

test: $(ENV) $(WEB) ## all tests; ARGS="tests/claims -k refund" chooses, WORKERS=0 runs them one by one
	cd web && $(NPM) test
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: $(ENV) $(NODE_MODULES) ## format, lint, types, layers, front doors, migrations, API client
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/aftercare check
	$(BIN)/python scripts/docs --check
	cd web && $(NPM) run check && $(NPM) run client -- --check

bench: $(ENV) $(WEB) ## speed beside the same SQL: a table, and JSON
	$(BIN)/python -m bench $(ARGS)

build: $(ENV) $(WEB) ## a wheel with the web front end inside, tried in a bare environment
	rm -rf dist
	$(BIN)/python -m build --no-isolation --wheel
	scripts/try-wheel dist/*.whl

lock: $(ENV) ## the lock files from pyproject.toml (ARGS=--upgrade: newest versions)
	scripts/lock $(ARGS)

format: $(ENV) ## format, and repair what the linter can
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

env: $(ENV) ## .venv from the lock files

spark: $(ENV) ## Spark into the environment (300 MB; needs Java 17), for the tests that ask it
	scripts/environment spark

web: $(WEB) ## the web front end, if its sources changed

client: $(ENV) $(NODE_MODULES) ## the web front end's API client from the server's OpenAPI
	cd web && $(NPM) run client

clean: ## everything made from something else; keeps ./var, your data
	rm -rf .venv dist src/aftercare/web web/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(ENV): pyproject.toml requirements-dev.lock scripts/environment
	scripts/environment
	@printf '%s\n' '$(CURDIR)' > $@

$(NODE_MODULES): web/package.json web/package-lock.json scripts/with-node | $(ENV)
	cd web && $(NPM) ci
	@touch $@

$(WEB): $(NODE_MODULES) $(WEB_SOURCES)
	cd web && $(NPM) run build
	@touch $@

# Everything runs in .venv, made from the hashed locks. `make demo` needs Python 3.12+ only.
VENV ?= .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/.requirements.lock
DEV := $(VENV)/.requirements-dev.lock
export VENV

.PHONY: help demo serve check unit test services bars bench lock css
.DEFAULT_GOAL := help

help: ## This list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

$(RUN): requirements.lock tools/environment
	@tools/environment $(VENV) requirements.lock

$(DEV): requirements-dev.lock tools/environment
	@tools/environment $(VENV) requirements-dev.lock

demo: $(RUN) ## Start the product with data, people and a simulated ad network (RESET=1 starts afresh)
	@$(PY) manage.py demo

serve: $(RUN) ## Start the product as configured by the environment (see .env.example)
	@$(PY) manage.py collectstatic --noinput --verbosity 0
	@$(PY) manage.py serve

check: $(DEV) ## Lint, format, import direction, strict types, migrations, deployment check
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy .
	$(PY) manage.py makemigrations --check --dry-run
	@tools/check-deploy

unit: $(DEV) ## Tests that need no database
	@$(PY) -m pytest -q tests/unit

test: $(DEV) ## Everything: on SQLite, on PostgreSQL and Redis where they answer, in Chromium
	@tools/test $(ARGS)

services: $(DEV) ## Start PostgreSQL and Redis where they are installed, print how to reach them
	@$(PY) tools/services.py start

bars: $(DEV) ## The reliability bars with their red controls, as a table
	@$(PY) -m tools.bars $(ARGS)

bench: $(DEV) ## CPU per request beside a bare Django view
	@$(PY) -m bench $(ARGS)

css: ## Rebuild static/css from the templates (npm)
	npm install --no-package-lock --no-audit --no-fund --silent
	npm run --silent css

lock: $(DEV) ## Compile both locks from pyproject.toml
	@$(VENV)/bin/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.12 \
		--custom-compile-command "make lock" -o requirements.lock pyproject.toml
	@$(VENV)/bin/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.12 \
		--custom-compile-command "make lock" --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

# obsiverse: every command a developer needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
OBSIVERSE := .venv/bin/obsiverse
PYTHON := .venv/bin/python

.PHONY: help up down ps logs test test-unit test-services test-page test-stack test-browser test-docker test-gpu lint format lock bench clean .venv-user .venv-dev

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv-user:
	@sh scripts/bootstrap.sh

.venv-dev:
	@sh scripts/bootstrap.sh dev

up: .venv-user ## start everything and wait until it is healthy and a model answers; GPU=1 for NVIDIA GPUs in Docker
	@exec $(OBSIVERSE) up $(if $(GPU),--gpu) $(ARGS)

down: .venv-user ## stop everything; ARGS=-v deletes the data too
	@exec $(OBSIVERSE) down $(ARGS)

ps: .venv-user ## list what runs
	@exec $(OBSIVERSE) ps

logs: .venv-user ## follow the logs
	@exec $(OBSIVERSE) logs -f

test: lint test-unit test-services test-stack ## check and test everything, on a stack of its own

test-unit: .venv-dev ## the fast tests, no network
	$(PYTHON) -m pytest tests/unit tests/compose_parity tests/native -n 2

test-services: .venv-dev ## each service's types and own tests
	$(PYTHON) -m obsiverse.components get prometheus promtool alertmanager amtool otelcol >/dev/null
	$(PYTHON) scripts/test_services.py $(SERVICES)

test-page: .venv-dev ## Lookout's page alone: types and its own tests; test-services runs them too
	$(PYTHON) scripts/test_page.py

test-stack: .venv-dev ## boto3, mlflow and plain HTTP against a running stack, a browser on its dashboards, and faults
	$(PYTHON) -m pytest tests/stack tests/browser tests/faults

test-browser: .venv-dev ## the browser's tests alone; skipped where there is no Chromium
	$(PYTHON) -m pytest tests/browser

test-docker: .venv-dev ## the same stack in Docker; says what is missing where there is no engine
	$(PYTHON) scripts/test_docker.py $(TESTS)

test-gpu: .venv-dev ## the model container on a GPU; skipped where there is none
	$(PYTHON) scripts/test_services.py --gpu model

lint: .venv-dev ## ruff, pyright, import-linter
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright
	.venv/bin/lint-imports

format: .venv-dev ## let ruff put the code in shape
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: .venv-dev ## resolve every lock again
	sh scripts/lock.sh

bench: .venv-dev ## measure; prints the tables of docs/performance.md
	$(PYTHON) benchmarks/run.py

clean: ## delete this checkout's environments and state; `make down` first
	rm -rf .venv .uv .obsiverse

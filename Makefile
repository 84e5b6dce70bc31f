# Everything one does with this repository. `make help` lists it.
# Tools are run as modules of .venv, so that a folder with spaces in its name works too.

PY := .venv/bin/python
MANAGE := $(PY) manage.py
COMPILE := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
# The first Python that is new enough; `make PYTHON=/path/to/python3 …` chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
# Checks that load Django must not touch the state of an instance that runs here.
LINT_STATE := UNDERSTUDY_VAR=.venv/lint-state
# Without a cache mypy has been seen to end with 1 and without a word; asked again it was content. What is wrong is said.
TYPES := $(LINT_STATE) $(PY) -m mypy --no-error-summary
LINT_STEPS := lint-format lint-code lint-types lint-imports lint-templates lint-migrations lint-openapi lint-compose lint-dockerfile
# Steps run side by side; each prints its output in one piece, where make can do that.
SIDE_BY_SIDE := $(MAKE) --no-print-directory --keep-going --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# Whoever has switched compiled files off pays for it in each process: the tests start hundreds of them.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test lint fix check test-services test-browser bench lock openapi client $(LINT_STEPS)

help:  ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: .venv/bin/pip  ## Make .venv and install what running needs
	@$(call install,requirements.txt)

setup-dev: setup
	@$(call install,requirements-dev.txt)

run: setup  ## Start everything on this machine (PORT, HOST and .env.example say what can be turned)
	@exec $(MANAGE) up

test: setup-dev  ## Run the tests that need no server (ARGS="-k word" passes on to pytest)
	@$(PY) -m pytest --numprocesses=2 --dist=worksteal -m "not services and not browser" $(ARGS)

test-services: setup-dev  ## Run the tests with real PostgreSQL, Redis and workers
	@$(PY) -m pytest --numprocesses=2 --dist=loadfile -m services $(ARGS)

test-browser: setup-dev  ## Run the tests that click through the pages in Chromium
	@$(PY) -m pytest -m browser $(ARGS)

lint: setup-dev  ## Check style, types, layers, templates, migrations, the API's description, compose file, Dockerfile
	@$(SIDE_BY_SIDE) $(LINT_STEPS)

fix: setup-dev  ## Repair what tools can repair
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

check: lint test  ## What every change must pass

bench: setup-dev  ## Measure; JSON lines (ARGS passes on)
	@$(PY) -m bench $(ARGS)

lock: setup-dev  ## Write both lock files anew from pyproject.toml (ARGS=--upgrade takes newer versions)
	@$(COMPILE) $(ARGS) --extra prod pyproject.toml --output-file requirements.txt
	@$(COMPILE) $(ARGS) --extra prod --extra dev --constraint requirements.txt pyproject.toml --output-file requirements-dev.txt

openapi: setup-dev  ## Write docs/openapi.yaml anew after a wanted change of the API
	@$(LINT_STATE) $(MANAGE) spectacular --validate --fail-on-warn --file docs/openapi.yaml

client: setup  ## Build the CI client as one file, client/dist/understudy.pyz
	@$(PY) client/build.py rules
	@$(PY) client/build.py zipapp

lint-format:
	@$(PY) -m ruff format --check --quiet . || { echo "Not formatted; make fix does it."; exit 1; }

lint-code:
	@$(PY) -m ruff check --quiet .

lint-types:
	@out=$$($(TYPES)) || { [ -z "$$out" ] && out=$$($(TYPES)); } || { echo "$$out"; exit 1; }

lint-imports:
	@out=$$($(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()") || { echo "$$out"; exit 1; }

lint-templates:
	@out=$$($(PY) -m djlint templates --lint 2>&1) || { echo "$$out"; exit 1; }

lint-migrations:
	@out=$$($(LINT_STATE) $(MANAGE) makemigrations --check --dry-run 2>&1) || { echo "$$out"; exit 1; }

lint-openapi:
	@$(LINT_STATE) $(MANAGE) spectacular --validate --fail-on-warn --file .venv/openapi.yaml
	@diff -u docs/openapi.yaml .venv/openapi.yaml || { echo "The API and docs/openapi.yaml differ; if that is meant: make openapi"; exit 1; }

lint-compose:
	@out=$$($(PY) -m check_jsonschema --builtin-schema vendor.compose-spec docker-compose.yml) || { echo "$$out"; exit 1; }

lint-dockerfile:
	@.venv/bin/hadolint Dockerfile

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "Understudy needs Python 3.11 or newer and finds none on the PATH. Install one, or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making .venv with $$("$(PYTHON)" --version) ..."
	@"$(PYTHON)" -m venv .venv || { echo "Python could not make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# $(call install,LOCK): what LOCK pins, unless .venv holds exactly that already (it keeps a copy of what it installed).
define install
cmp -s $(1) .venv/$(1) || { \
	echo "Installing $$(grep -c '^[^ #].*==' $(1)) pinned packages of $(1) into .venv (once) ..." && \
	$(PY) -m pip install --disable-pip-version-check --no-deps --require-hashes --requirement $(1) && \
	cp $(1) .venv/$(1); }
endef

# Two commands do all set-up on a machine that has python3 and make:
#   make demo   a phone-like movie made, localized, drawn and scored
#   make test   everything is tested
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo app test test-app test-quick lint types format docs benchmarks clean

help:
	@echo "make demo   make a phone-like movie, localize it, write the picture and the score"
	@echo "make test   run all tests"
	@echo "make app    build the app for phones and browsers (needs Node.js 20 or newer)"
	@echo "make lint types format docs clean"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cellstorm needs Python 3.11 or newer; this is $$($(PYTHON) --version)." \
	         "Name another with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[raw,vendor,train,serve]" --group dev
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/cellstorm demo

APP := src/cellstorm/serve/app
APP_SOURCES := $(shell find web/src web/public web/index.html web/*.ts -type f 2>/dev/null) web/package-lock.json
APP_SOURCES += src/cellstorm/localize/net/phone.onnx

web/node_modules/.installed: web/package-lock.json
	@command -v npm >/dev/null || { echo "The app needs Node.js 20 or newer: https://nodejs.org"; exit 1; }
	cd web && npm ci
	@touch $@

$(APP)/index.html: $(APP_SOURCES) web/node_modules/.installed
	cd web && npm run build

app: $(APP)/index.html

test-app: web/node_modules/.installed
	cd web && npm run check

# without Node the app's own tests are left out, and those that need it built say so
HAS_NODE := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)

test: $(VENV)/.installed-dev $(if $(HAS_NODE),app test-app)
	$(BIN)/python -m pytest

test-quick: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not slow"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group docs
	$(BIN)/zensical build --strict

clean:
	rm -rf $(VENV) demo dist site

# Two commands do all set-up on a machine that has python3 and make:
#   make demo   a phone-like movie made, localized, drawn and scored
#   make test   everything is tested
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo test test-quick lint types format docs benchmarks clean

help:
	@echo "make demo   make a phone-like movie, localize it, write the picture and the score"
	@echo "make test   run all tests"
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

test: $(VENV)/.installed-dev
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

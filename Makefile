# Sets RBM Studio up in this folder, and runs it. "make" alone lists the targets; the work is done in scripts/.

# The Python that .venv is made with. One that is named (make test PYTHON=python3.13) has .venv made anew where it
# holds another; the default leaves a .venv that works as it is.
PYTHON ?= python3
NAMED := $(if $(filter file,$(origin PYTHON)),,--this-python)
ENVIRONMENT = "$(PYTHON)" scripts/environment.py $(NAMED)
VENV_PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test soak check check-tools lint format-check types contracts bench clean libraries python

help:
	@echo "make run     install RBM Studio into .venv and open its window; without a screen, run its demonstration"
	@echo "make test    install the test tools too and run every test, without a screen"
	@echo "make soak    run the tests of broken files, kills, faults and long runs at full size: takes hours"
	@echo "make check   linter, formatter, types and import contracts"
	@echo "make bench   measure speed and quality against named references"
	@echo "make clean   remove .venv, caches and the demonstration's pictures"

run: python
	@"$(PYTHON)" scripts/system_packages.py --window
	@$(ENVIRONMENT) sample
	@"$(PYTHON)" scripts/open_window.py

test: libraries
	@$(ENVIRONMENT) sample test
	@QT_QPA_PLATFORM=offscreen $(VENV_PYTHON) -m pytest

soak: libraries
	@$(ENVIRONMENT) sample test
	@RBM_STUDIO_SOAK=1 QT_QPA_PLATFORM=offscreen $(VENV_PYTHON) -u -m pytest -m soak -v \
	  -o faulthandler_timeout=7200 --durations=20

check: lint format-check types contracts

lint format-check types contracts: check-tools

check-tools: libraries
	@$(ENVIRONMENT) sample test check bench

lint:
	$(VENV_PYTHON) -m ruff check .

format-check:
	$(VENV_PYTHON) -m ruff format --check .

types:
	$(VENV_PYTHON) -m mypy

contracts:
	.venv/bin/lint-imports

bench: libraries
	@$(ENVIRONMENT) sample bench
	@QT_QPA_PLATFORM=offscreen $(VENV_PYTHON) -m benchmarks

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist demo-output
	find rbm_studio tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +

libraries: python
	@"$(PYTHON)" scripts/system_packages.py

python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo "RBM Studio needs Python 3.11 or newer, and there is no '$(PYTHON)' here." \
	    "Install one (Debian, Ubuntu: sudo apt-get install python3 python3-venv), or name one: make run PYTHON=/its/path" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "RBM Studio needs Python 3.11 or newer, and '$(PYTHON)' is `"$(PYTHON)" -V 2>&1`." \
	    "Install a newer one, and name it: make run PYTHON=python3.13" >&2; exit 1; }

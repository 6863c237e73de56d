# make test and make compare do all set-up themselves; they need Python 3.11 or later and make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
JOBS ?= auto

.PHONY: test compare bench check clean

test: check
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope

compare: $(INSTALLED)
	$(BIN)/fetchmux compare

# What is installed is measured: nginx is needed, curl, wget2 and the libraries are left out where they are missing.
bench: $(READY)
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.strategies
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python benchmarks/switching.py
	$(BIN)/python benchmarks/echo.py

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A comparison needs the strategies and nothing else, so that its first table does not wait for tools of development.
$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[twisted,uring,uvloop]'
	touch $(INSTALLED)

# The development tools are read from pyproject.toml, so that they stand in one place.
$(READY): $(INSTALLED)
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['dev'], sep='\n')" > $(VENV)/dev.txt
	$(BIN)/python -m pip install --quiet --requirement $(VENV)/dev.txt
	touch $(READY)

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

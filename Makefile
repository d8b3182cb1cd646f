# make demo: the first story, on bundled data, with its report.   make test: everything installed, every test run.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# Tools' warnings about editable installs are nothing a reader can act on.
export PYTHONWARNINGS = ignore::UserWarning

# Each of the tests' two processes has one of the cores to itself; threads of both on both wait for one another.
test test-pandas2: export OMP_NUM_THREADS = 1

.PHONY: demo install-all test test-pandas2 lint clean

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Hexad needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

demo: $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[demo]"
	$(BIN)/hexad run demand

install-all: $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group dev

test: install-all
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term --cov-fail-under=95

# The same tests beside pandas 2, the oldest that is supported.
test-pandas2: VENV = .venv-pandas2
test-pandas2:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)/bin/python -m pip install --quiet --editable ".[demo,basket,grocery,excel,sql]" "pandas<3" --group dev
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal

lint: install-all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .venv-pandas2 build dist *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

# make demo: the first story, on bundled data, with its report.   make test: everything installed, every test run.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# Tools' warnings about editable installs are nothing a reader can act on.
export PYTHONWARNINGS = ignore::UserWarning

# Each of the tests' two processes has one of the cores to itself; threads of both on both wait for one another.
test test-whole test-pandas2: export OMP_NUM_THREADS = 1

.PHONY: demo docs install-all warm test test-whole test-pandas2 lint clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Hexad needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

demo: $(BIN)/python
	@echo "Installing (1/2): what the first study needs, 1 GB in $(VENV). About a minute, and the downloads."
	@$(BIN)/python -m pip install --quiet --editable ".[demo]"
	@echo "Running (2/2): about a minute."
	@$(BIN)/hexad run demand
	@$(BIN)/hexad open || true

install-all: $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group dev

# The examples of the domains come first, each domain's in one process: they compile its kernels, and the workers of what
# comes after need not both do it, nor under coverage.
DOMAINS = $(patsubst %/__init__.py,%,$(wildcard domains/*/__init__.py))
warm: install-all
	printf '%s\n' $(DOMAINS) | xargs -P 2 -n 1 $(BIN)/python -m pytest -q

# What measures the coverage of shared runs under it; all the rest runs without, and faster. Of the hostile tests three
# stay out: one takes long under it, and two run in processes of their own, which it does not see.
SHARED = shared tests/shared $(filter-out %/test_fuzz.py %/test_mutated_files.py %/test_foreign_configuration.py,\
	$(wildcard tests/hostile/test_*.py))
test: warm
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term --cov-fail-under=95 $(SHARED)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not browser" $(DOMAINS:%=--ignore=%) $(SHARED:%=--ignore=%)

# All there is: every report in a browser, every study whole, new examples for every law, and every test beside pandas 2. Some hours.
test-whole: export HEXAD_WHOLE = 1
test-whole: export HYPOTHESIS_PROFILE = deep
test-whole: warm
	$(BIN)/python -m pytest -n 2 --dist worksteal
	$(MAKE) test-pandas2 PANDAS2=

# Beside pandas 2, the oldest that is supported: what can differ there, and one quick run a study.
PANDAS2 = tests/shared/data tests/shared/reporting tests/contract tests/hostile tests/domains \
	tests/stories/test_every_study.py -m "not any_pandas" -k "not (test_every_study and not quick)"
test-pandas2: VENV = .venv-pandas2
test-pandas2:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)/bin/python -m pip install --quiet --editable ".[studies,basket,optimization,geodata,data,excel,sql]" "pandas<3" --group dev
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal $(PANDAS2)

# The pages of docs/, run: with results and pictures, one HTML file each.
docs: install-all
	$(BIN)/python docs/build.py site

lint: install-all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .venv-pandas2 build dist *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

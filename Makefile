# `make help` lists what there is. Needs make and Python 3.11 or newer, nothing else.

SHELL = /bin/sh
.DEFAULT_GOAL = help
.PHONY: help install newwords test browser faults coverage mutants check docs screenshots bench clean

BIN = .venv/bin
INSTALLED = .venv/installed
WITH_TOOLS = .venv/with-tools

# make newwords: a text of yours, and options of `nlptools newwords`
CORPUS =
OPTIONS =

SAMPLE = build/zhidao.jsonl

# make bench: names of benchmarks
ONLY =

# make test: further arguments of pytest; the tests whose kernels also run uncompiled
PYTEST_ARGS =
KERNEL_TESTS = $(wildcard tests/text tests/ngrams tests/newwords tests/concordance tests/corpus tests/lm tests/segment tests/vectors)
# make mutants: modules, --count, --seed
MUTANTS =
PYTEST = $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

help:
	@echo 'make install                    set up .venv with everything; the command is then .venv/bin/nlptools'
	@echo 'make newwords                   find the words of a sample that is generated on the spot'
	@echo 'make newwords CORPUS=text.txt   find the words of your text; OPTIONS="--min-count 5" is passed on'
	@echo 'make test                       run all tests, then those of the kernels again, uncompiled'
	@echo 'make faults                     kill, starve and damage it for an hour: the long form of some tests'
	@echo 'make coverage                   what the tests reach with the compiler off: half an hour'
	@echo 'make mutants                    which changes of counting and scoring the tests do not see: an hour'
	@echo 'make check                      lint, format, types, direction of imports'
	@echo 'make browser                    install the browser in which the report page is tested (Debian, as root)'
	@echo 'make docs                       write docs/reference.md and docs/python.md from --help and docstrings'
	@echo 'make screenshots                write the pictures of docs/report.md; needs the browser'
	@echo 'make bench                      measure speed, memory and quality, write docs/benchmarks.md (hours)'
	@echo 'make bench ONLY="counting lm"   only some; benchmarks/run.py --list has the names'
	@echo 'make clean                      remove results, caches and compiled kernels; .venv stays'

install: $(WITH_TOOLS)

$(INSTALLED): pyproject.toml
	@python=; \
	for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo 'nlptools needs Python 3.11 or newer; install it and run make again' >&2; exit 2; fi; \
	echo "setting up .venv with $$($$python --version)"; \
	$$python -m venv .venv
	@echo 'installing packages; this takes a minute or more'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# what tests, checks, docs and benchmarks need
$(WITH_TOOLS): $(INSTALLED)
	@echo 'installing the tools of the tests; this takes some minutes'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

ifeq ($(strip $(CORPUS)),)
newwords: $(SAMPLE)
	$(BIN)/nlptools newwords $(SAMPLE) --text-column question -o build/words.csv --show 20 $(OPTIONS)
else
newwords: $(INSTALLED)
	@mkdir -p build
	$(BIN)/nlptools newwords '$(CORPUS)' -o build/words.csv --show 20 $(OPTIONS)
endif

$(SAMPLE): $(INSTALLED) $(wildcard corpora/nlptools_corpora/*.py corpora/nlptools_corpora/word_lists/*/*)
	@mkdir -p build
	$(BIN)/nlptools corpus sample zhidao -o $@ --rows 20000 --seed 1 --gold build/zhidao.gold

test: $(WITH_TOOLS)
	$(PYTEST) $(PYTEST_ARGS)
	NUMBA_DISABLE_JIT=1 $(PYTEST) $(KERNEL_TESTS) $(PYTEST_ARGS)

# without it these tests are skipped
browser:
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium chromium-driver fonts-noto-cjk

# tests/ngrams too: orders, budgets and shards against DuckDB, with real text if NLPTOOLS_DATA names the folder
faults: $(WITH_TOOLS)
	NLPTOOLS_FAULTS=whole $(PYTEST) tests/faults tests/ngrams tests/jobs $(PYTEST_ARGS)

# the rest of the library has no kernels of its own; what trains, or needs Spark or a browser, is tested compiled only
COVERED_TESTS = tests/report/test_write_report.py tests/report/test_plots.py tests/jobs/test_job_file.py \
  tests/jobs/test_engines.py tests/jobs/test_toml_lines.py tests/jobs/test_spark_session.py \
  tests/test_memory.py tests/test_threads.py

coverage: $(WITH_TOOLS)
	@mkdir -p build/coverage
	NUMBA_DISABLE_JIT=1 $(PYTEST) --cov --cov-report=json:build/coverage/files.json $(KERNEL_TESTS) $(COVERED_TESTS) $(PYTEST_ARGS)
	$(BIN)/python tests/tools/coverage_table.py build/coverage/files.json

mutants: $(WITH_TOOLS)
	$(BIN)/python tests/tools/mutate.py $(MUTANTS)

check: $(WITH_TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(WITH_TOOLS)
	$(BIN)/python docs/make_reference.py

screenshots: $(WITH_TOOLS)
	$(BIN)/python docs/make_screenshots.py

bench: $(WITH_TOOLS)
	$(BIN)/python benchmarks/peers.py
	$(BIN)/python benchmarks/run.py $(ONLY)

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find nlptools cli corpora tests benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +

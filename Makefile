# Everything a person or a build runs. `make setup` makes .venv; nothing else is installed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: setup demo test test-long quick check fix dev reference bench bench-claims bench-claims-page bench-claims-speed bench-load bench-plan bench-paint screenshots lock

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("recoup needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=python3.x") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(BIN)/recoup demo

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal

# Every odd kind of telling a world, alone and all together, over several seeds: most of an hour. Then
# the laws of detection with hundreds of examples each, other ones every time: as long again.
test-long: setup
	$(BIN)/python -m pytest -n auto --dist worksteal -m long
	$(BIN)/python -m pytest -n auto --dist worksteal --hypothesis-profile long tests/property/test_claims.py

# What needs no server: under a minute.
quick: setup
	$(BIN)/python -m pytest -n auto --dist worksteal -q --quick tests/unit tests/property tests/contract

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=src:. $(BIN)/mypy --explicit-package-bases benchmarks lints
	$(BIN)/lint-imports
	$(BIN)/python lints/where_sql_is.py
	$(BIN)/python lints/dead_ends.py
	$(BIN)/python lints/module_size.py
	@$(MAKE) --no-print-directory quick

fix: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pages in docs/reference that describe what the code defines.
reference: setup
	$(BIN)/python -m docs.reference.generate

# The pictures in docs/images. `.venv/bin/python -m docs.screenshots --every --folder DIR` takes each
# page in both widths and both schemes.
screenshots: setup
	$(BIN)/python -m docs.screenshots

dev: setup
	$(BIN)/recoup serve --sandbox

# Pins every dependency with hashes and without an index address. Run after a change in pyproject.toml.
lock:
	$(BIN)/uv pip compile --quiet --no-cache --universal --python-version 3.11 --generate-hashes --group dev \
		--no-emit-index-url --no-header --no-annotate --output-file requirements.lock pyproject.toml

# Ratios, not absolute times: see docs/benchmarks.md.
bench: setup
	$(BIN)/python benchmarks/first_sync.py

# Two million rows of a ledger: minutes, and 2 GB of disk for a while.
bench-load: setup
	$(BIN)/python benchmarks/load.py

# How soon the dashboard is seen while all cores are busy.
bench-paint: setup
	$(BIN)/python -m benchmarks.first_paint

# Predicted and actual time of syncs at Amazon's limits, and many sellers: see docs/benchmarks.md.
bench-plan: setup
	$(BIN)/python -m benchmarks.plan
	$(BIN)/python -m benchmarks.plan_sandbox

# Planted losses found, and nothing else: 20 sandboxes of two profiles, see docs/benchmarks.md.
# `make bench-claims ODD=all` also tells every world oddly, and compares.
bench-claims: setup
	$(BIN)/python benchmarks/claims.py $(if $(ODD),--odd $(ODD))

# A whole detection for 10,000, 100,000 and 1,000,000 orders; the last one takes half an hour to fill.
bench-claims-speed: setup
	$(BIN)/python benchmarks/claims_speed.py

# Each filter and order of the list of claims, and the Overview, with 100,000 claims: a few minutes.
bench-claims-page: setup
	$(BIN)/python -m benchmarks.claims_page

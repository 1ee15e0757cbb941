# Every target does its own set-up: Python 3.11 or newer and make are all that a machine needs.
PYTHON ?= python3
BIN := .venv/bin
UNIT := tests/unit tests/contract $(wildcard tests/test_*.py)

# Where money is decided and moved, every branch is tested.
MONEY := integration/domain/evidence_chain.py,integration/domain/refund*.py,integration/ledger/intents.py
MONEY := $(MONEY),integration/ledger/refunds.py,integration/usecases/carry_out.py,integration/usecases/keeping.py
MONEY := $(MONEY),integration/usecases/*refund.py,integration/usecases/*refunds.py,integration/usecases/refund_case.py
MONEY := $(MONEY),integration/usecases/two_payers.py

# Dozens of processes are started here; where none may keep its bytecode, each compiles the whole project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lint unit coverage fleet bench mutate lock clean
.NOTPARALLEL:

demo: .venv/ready
	$(BIN)/backhaul demo

check: lint unit

test: unit fleet

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# More processes than cores: most of a story is waiting.
unit: .venv/ready
	$(BIN)/pytest $(UNIT) --numprocesses=4 --dist=worksteal

# The same with branches counted, which takes half as long again; what runs in another process is not counted.
coverage: .venv/ready
	$(BIN)/pytest $(UNIT) --numprocesses=4 --dist=worksteal --cov
	$(BIN)/coverage report --include='$(MONEY)' --fail-under=100

# Real workers on a real broker, and whole stories: two at a time, since each is many processes that mostly wait.
fleet: .venv/ready
	$(BIN)/pytest tests/queues tests/journeys --numprocesses=2 --dist=worksteal

# `.venv/bin/python -m bench restock` measures that line alone: restock, refunds, acknowledgement, idle.
bench: .venv/ready
	$(BIN)/python -m bench

# Changes the calculator of refunds in every small way, and shows the changes that no test notices; then puts bugs that
# would cost money into how a refund is made, and fails where one goes unnoticed (docs/mutation.md).
mutate: .venv/ready
	$(BIN)/mutmut run
	$(BIN)/mutmut results
	$(BIN)/python -m tests.unit.usecases.seeded_bugs

# With extras: of a bare pin, pip asks for the newest release of `coverage[toml]`, and refuses it for want of a hash.
lock: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header -q -o requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* mutants

.venv/ready: requirements.lock pyproject.toml | .venv/bin/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

# Made once: a second Python would mix its libraries with the first one's.
.venv/bin/pip:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer, please: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

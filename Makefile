# Every target does its own set-up: Python 3.11 or newer and make are all that a machine needs.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
UNIT := tests/unit tests/contract $(wildcard tests/test_*.py)

# Where money is decided and moved, every branch is tested.
MONEY := integration/domain/evidence_chain.py,integration/domain/refund*.py,integration/ledger/intents.py
MONEY := $(MONEY),integration/ledger/refunds.py,integration/usecases/carry_out.py,integration/usecases/keeping.py
MONEY := $(MONEY),integration/usecases/*refund.py,integration/usecases/*refunds.py,integration/usecases/refund_case.py
MONEY := $(MONEY),integration/usecases/refund_preconditions.py,integration/usecases/take_for_ours.py
MONEY := $(MONEY),integration/usecases/release_explained.py,integration/usecases/send_refund_again.py
MONEY := $(MONEY),integration/usecases/two_payers.py

# Dozens of processes are started here; where none may keep its bytecode, each compiles the whole project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo wheel-demo test check lint unit coverage fleet bench mutate lock clean
.NOTPARALLEL:

demo: .venv/ready
	$(BIN)/backhaul demo

# The project as whoever installs it has it: the wheel, beside nothing but what it asks for, away from the checkout.
wheel-demo: .wheel/libraries
	@echo "building the wheel, and installing it" && rm -rf .wheel/dist && \
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-build-isolation --no-deps --wheel-dir .wheel/dist . && \
	.wheel/bin/pip --disable-pip-version-check install --quiet --no-deps --force-reinstall .wheel/dist/*.whl && \
	.wheel/bin/pip check && cd / && env -u PYTHONPATH "$(CURDIR)/.wheel/bin/backhaul" demo

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

# What runs is pinned first; what tests it and what builds it take the same releases. With extras: of a bare pin, pip
# asks for the newest release of `coverage[toml]`, and refuses it for want of a hash.
PIN := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header -q
lock: .venv/ready
	$(PIP) uv==0.13.9
	$(PIN) pyproject.toml -o requirements.lock
	$(PIN) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(PIN) --group build -c requirements-dev.lock -o requirements-build.lock

clean:
	rm -rf .venv .wheel .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* mutants

.wheel/libraries: requirements.lock | .venv/ready
	@echo "a clean environment: $$(grep -c == $<) libraries from $<"
	@rm -rf .wheel && $(BIN)/python -m venv .wheel
	@.wheel/bin/pip --disable-pip-version-check install --quiet --require-hashes -r $<
	@touch $@

# pip says nothing until it is done, or too much: what it has fetched and installed is counted meanwhile.
.venv/ready: requirements-dev.lock pyproject.toml | .venv/bin/pip
	@all=$$(grep -c == $<); echo "2/3 .venv: $$all libraries from $<"; \
	$(BIN)/python -m pip --disable-pip-version-check install --require-hashes -r $< >.venv/install.log 2>&1 & \
	while sleep 1; kill -0 $$! 2>/dev/null; do \
	  printf '\r    fetched %s, installed %s (of about %s) ' "$$(grep -cE '^(Collecting|Processing)' .venv/install.log)" \
	    "$$(ls -d .venv/lib/python*/site-packages/*.dist-info | wc -l)" "$$(grep -c == $<)"; done; echo; \
	wait $$! || { cat .venv/install.log; exit 1; }
	@echo "3/3 .venv: backhaul itself"
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

# Made once: a second Python would mix its libraries with the first one's.
.venv/bin/pip:
	@echo "1/3 .venv: a Python of its own"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer, please: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv

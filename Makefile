# Every target does its own set-up: Python 3.11 or newer and make are all that a machine needs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench lock clean

demo: .venv/ready
	$(BIN)/backhaul demo

lock: .venv/ready
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements.lock

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

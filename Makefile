# Needs Python 3.11 and make; everything else is installed into .venv from the pinned list.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Small tensors on few cores: one thread per process is faster than two that wait for each other.
export OMP_NUM_THREADS ?= 1

.PHONY: install demo test test-slow bench bench-demo interop lint lock clean

install: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed; set PYTHON=..."'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$(sed -n 's/^uv==//p' requirements.lock)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY)
	$(BIN)/embodied run --preset demo

test: $(READY)
	$(BIN)/python -m pytest

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: $(READY)
	$(BIN)/python benchmarks/tabletop_base.py
	$(BIN)/python benchmarks/iql_speed.py
	$(BIN)/python benchmarks/dataset_memory.py

bench-demo: $(READY)
	$(BIN)/python benchmarks/demo.py

interop: $(READY)
	$(BIN)/python benchmarks/interop.py

lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --extra all --extra dev --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info

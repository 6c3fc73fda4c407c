# Everything a person does with Cairn: make demo, make test, make bench. See README.md.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
SWIFT ?= swift
# Libraries that the build needs, and tools that the demo and the tests use.
PACKAGES := libyaml-dev libarchive-dev libxxhash-dev pkg-config graphviz zstd curl attr acl e2fsprogs python3-venv chromium chromium-driver
VENV := .venv
# Linked statically, the compiler starts in a fraction of the time; see Package.swift.
STATIC := CAIRN_STATIC=1

.PHONY: help deps build release demo test lint golden fuzz bench graph-look clean

help:
	@echo "make demo     install what is missing, build, and run the quickstart"
	@echo "make test     install what is missing, build, lint and run all tests"
	@echo "make release  build optimised binaries into .build/release"
	@echo "make bench    compare with tar and zstd, terraform, libyaml, ninja and TaskFlow, and print the ratios"
	@echo "make golden   record the golden files anew; look at the difference before you commit it"
	@echo "make fuzz     search for input that breaks something: make fuzz TARGET=check SECONDS=60, or TARGET=ir"
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
	@$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

test: deps $(VENV)/installed lint
	@scripts/run-tests

golden: deps $(VENV)/installed
	@CAIRN_ACCEPT=1 $(SWIFT) test --filter 'GoldenTests|OfficialSuiteTests' || true
	@git --no-pager diff --stat -- Tests/Fixtures schemas docs

TARGET ?= check
SECONDS ?= 60

fuzz: deps
	@SWIFT="$(SWIFT)" scripts/fuzz $(TARGET) $(SECONDS)

bench: release
	@CAIRN_BENCH=1 $(STATIC) $(SWIFT) build -c release --static-swift-stdlib --product EngineBench
	@scripts/bench .build/release

clean:
	@rm -rf .build .fuzz .demo .bench $(VENV)

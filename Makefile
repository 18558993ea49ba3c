# demo, demo-down and test are what a person calls; they install what is missing first.
SHELL := bash
export PATH := $(CURDIR)/target/tools:$(PATH)
STRATA := $(CURDIR)/target/release/strata
ONEBOX := $(CURDIR)/examples/onebox

.PHONY: demo demo-down demo-kubernetes demo-kubernetes-down test build bench setup lint

demo:
	@setup/demo.sh up

demo-down:
	@setup/demo.sh down

# Big Bang: a cluster, its services and applications
demo-kubernetes:
	@setup/demo-kubernetes.sh up

demo-kubernetes-down:
	@setup/demo-kubernetes.sh down

test: setup
	@setup/test.sh

setup:
	@setup/install.sh

build:
	cargo build --release -p strata

bench: build
	cargo run --release -q -p xtask -- bench

lint:
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps -q

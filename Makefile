# The two commands: `make up` runs the product, `make test` runs everything. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CARGO_TERM_PROGRESS_WHEN ?= auto
export CARGO_INCREMENTAL ?= 1
export PATH := $(CURDIR)/.tools/node/bin:$(CURDIR)/.tools/bin:$(HOME)/.cargo/bin:$(PATH)

.PHONY: help up test check build web openapi image fmt bench-ingress bench-memory bench-overhead bench-restart bench-footprint bench-snapshot bench-webhooks bench-ledger clean

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Install what is missing, build, and run the product (Ctrl-C stops it; agents keep running)
	@scripts/up

test: ## Install what is missing and run every test
	@scripts/test

check: web/dist/index.html ## Format, lints, unit tests and the fake runtime: the daily loop
	@scripts/install check
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo nextest run --workspace --profile check

build: web/dist/index.html ## The release binaries: target/release/vivierd and target/release/vivier
	@scripts/install build
	cargo build --release --bin vivierd --bin vivier

web: ## Build the dashboard into web/dist
	@scripts/install build
	cd web && npm ci --no-audit --no-fund && npm run build

web/dist/index.html: $(shell find web/src web/index.html web/package-lock.json openapi.json 2>/dev/null)
	@$(MAKE) --no-print-directory web

openapi: ## Write openapi.json anew from the code
	UPDATE_OPENAPI=1 cargo nextest run -p vivier-server openapi

image: build ## Build and sign the agent image
	scripts/image

fmt: ## Format
	cargo fmt --all

bench-ingress: ## Ingress against nginx and Caddy
	benches/ingress/run

bench-memory: ## Memory of the real agent on each plan
	benches/memory/run

bench-overhead: ## POST to routed, against a bare docker run
	benches/overhead/run

bench-restart: ## the longest that a visitor waits for a restart, against docker restart of a bare twin
	benches/restart/run

bench-footprint: ## vivierd's own memory and CPU with 200 deployments
	benches/footprint/run

bench-ledger: ## Pages of credits and usage over 1,000,000 lines and 10,000 accounts, on SQLite and PostgreSQL
	benches/ledger/run

bench-snapshot: ## A snapshot of 1 GB of data, and the way back, against cp -a
	benches/snapshot/run

bench-webhooks: ## The intake of the payment provider's webhooks
	benches/webhooks/run

clean: ## Remove what the build made (not the data in .vivier)
	cargo clean
	rm -rf web/dist web/node_modules .tools

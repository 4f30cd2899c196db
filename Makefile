# Kublambda. `make` alone says what there is to do.
.DEFAULT_GOAL := help
# The SDK alone is enough: without this it wants libicu, which a bare Debian does not have.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT := 1
.PHONY: help up down status build images test test-unit test-cluster test-e2e chaos chaos-watch bench-lifecycle bench-build bench-watch bench-runtimes cel-conformance verify

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## A local cluster with Kublambda on it, and a Lambda that answers. Run it again at any moment
	@deploy/local/up

down: ## Removes the local cluster and all it made; what is slow to build stays in ~/.cache/kublambda
	@deploy/local/down

status: ## What runs, in a few lines
	@deploy/local/status

build: ## Compiles everything
	@dotnet build Kublambda.sln -v quiet -nologo

images: ## Builds the images of the local cluster into the cache
	@deploy/local/images.sh

test: ## All tests; sets up what is missing
	@tests/run.sh unit cluster e2e

test-unit: ## The tests that need no cluster
	@tests/run.sh unit

test-cluster: ## The tests of single parts against the API server of the local cluster
	@tests/run.sh cluster

test-e2e: ## The life of Lambdas on the local cluster; chaos apart, see below
	@tests/run.sh e2e

chaos: ## Only the test that kills services, RabbitMQ and the API server while Lambdas come and go
	@tests/run.sh chaos

chaos-watch: ## Only the test that kills watcher, function, RabbitMQ and API server while 10,000 changes are told to a function
	@tests/run.sh chaos-watch

bench-lifecycle: ## apply -> first 200 and change -> new answer, beside baselines; results in bench/results
	@deploy/local/up && KUBECONFIG=$(CURDIR)/.local/kubeconfig dotnet run --project bench/Kublambda.Bench --configuration Release -- lifecycle --runs $(or $(BENCH_RUNS),20)

bench-runtimes: ## An empty function beside the bare HTTP server of its language, every runtime; results in bench/results
	@deploy/local/packages.sh test && dotnet build bench/Kublambda.RuntimeBench --configuration Release -v quiet -nologo && artifacts/bin/Kublambda.RuntimeBench/release/Kublambda.RuntimeBench

bench-build: ## Every pipeline that runs here, first build and after a change of one line, beside a bare build pod; results in bench/results
	@deploy/local/up && KUBECONFIG=$(CURDIR)/.local/kubeconfig dotnet run --project bench/Kublambda.Bench --configuration Release -- builds --runs $(or $(BENCH_RUNS),5)

bench-watch: ## Resource triggers beside a bare kubectl get -w: latency, events in a second, memory, 500 triggers; results in bench/results
	@deploy/local/up && for what in watch triggers; do KUBECONFIG=$(CURDIR)/.local/kubeconfig dotnet run --project bench/Kublambda.Bench --configuration Release -- $$what || exit 1; done

cel-conformance: ## Runs CEL cases: CASES=file.json, else our own; ends with how many passed, failed, were skipped
	@dotnet build tools/Kublambda.Cel.Conformance -v quiet -nologo && artifacts/bin/Kublambda.Cel.Conformance/debug/Kublambda.Cel.Conformance $(CASES)

verify: ## Format, shell scripts, manifests of all overlays, and a clean tree
	@tests/verify.sh

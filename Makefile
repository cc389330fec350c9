# contactd: build, test, measure and show. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The real Asterisk's root is made by testbed/asterisk-root.sh, which caches it outside the clone and prints its path.
ROOT = $$(testbed/asterisk-root.sh)

# Packages whose tests need a real Asterisk, real phones or a real browser.
LIVE = ./testbed/flows/... ./web/webtest/...
UNIT = $$(go list ./... | grep -v -E '/testbed/flows|/web/webtest|/node_modules/')

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

.PHONY: packages
packages: ## install what is missing (Debian packages, the Asterisk root)
	testbed/packages.sh
	testbed/asterisk-root.sh >/dev/null

.PHONY: build
build: ## build the pages and bin/contactd
	go run ./web/build
	go build -o bin/contactd ./cmd/contactd

.PHONY: check
check: build ## format, vet, lint, unit tests, import rules
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed (run gofmt -w):"; echo "$$unformatted"; exit 1; fi
	@long=$$(git ls-files -z '*.go' '*.ts' '*.tsx' | xargs -0 wc -l | awk '$$2 != "total" && $$1 > 500'); \
	if [ -n "$$long" ]; then echo "over 500 lines (split by noun):"; echo "$$long"; exit 1; fi
	go vet ./...
	go tool -modfile=.ci/tools.mod staticcheck ./...
	go test -race -shuffle=on -timeout 15m $(UNIT)

.PHONY: test
test: packages check conformance flows docker-test ## install what is missing and run everything, real Asterisk and real browser included

.PHONY: conformance
conformance: packages ## compare our ARI types with the running Asterisk's own description
	root=$(ROOT); CONTACTD_ASTERISK_ROOT=$$root testbed/live-tests.sh -run 'Conforms|Live' ./ari/... ./acd/voice/... ./asterisk-conf/... ./testbed/asterisk/... ./testbed/phones/...

.PHONY: flows
flows: packages build ## whole call flows and pages against a real Asterisk, real phones and a real browser
	root=$(ROOT); CONTACTD_ASTERISK_ROOT=$$root testbed/live-tests.sh $(LIVE)

bin/contactd-static: build
	CGO_ENABLED=0 go build -o $@ ./cmd/contactd

.PHONY: docker-test
docker-test: bin/contactd-static ## flows 1 and 2 in Docker, every part on its own address; BASE=image where a registry is reached
	CONTACTD_DOCKER_BINARY=$(CURDIR)/bin/contactd-static testbed/docker/with-engine.sh go test -count=1 -timeout 15m -run Flows ./testbed/docker

.PHONY: docker-demo
docker-demo: bin/contactd-static ## the demo with every part in a container of its own
	go build -o bin/docker-demo ./testbed/docker/demo
	testbed/docker/with-engine.sh bin/docker-demo -base=$(BASE)

.PHONY: bench
bench: packages build ## measure; BENCH=route|journal|room|calls for one of them
	root=$(ROOT); CONTACTD_ASTERISK_ROOT=$$root testbed/bench.sh $(BENCH)

.PHONY: soak
soak: ## a million random steps of the director, with lost, doubled and reordered inputs
	go test -count=1 -timeout 60m -run Simul ./acd/acdtest -args -steps 1000000

.PHONY: demo
demo: packages build ## a real Asterisk, contactd and a demo shop; PHONES=auto brings phones that answer by themselves
	go build -o bin/demo ./testbed/demo
	@# Not `go run`, which would not hand a SIGTERM on.
	root=$(ROOT); CONTACTD_ASTERISK_ROOT=$$root exec bin/demo -phones=$(or $(PHONES),none)

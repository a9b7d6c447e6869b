# make demo   builds everything and runs a simulated facility
# make test   every test: Go with the race detector, UI unit tests, browser tests
# make check  format, vet, lint, generated code fresh, then make test

SHELL   := /bin/bash
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/aisle-dcim/aisle/cmd/internal/app.Version=$(VERSION)
CACHE   := $(or $(AISLE_CACHE),$(HOME)/.cache/aisle)
UI_SRC  := $(shell find web/ui -path web/ui/node_modules -prune -o -path web/ui/dist -prune -o -type f -print 2>/dev/null)

.PHONY: demo build test test-go test-ui e2e check fmt lint vet generate fresh clean setup-build setup-test bench bench-collect

demo: build
	./bin/aisle demo

build: setup-build web/ui/dist/index.html
	CGO_ENABLED=0 $(GO) build -trimpath -tags ui -ldflags '$(LDFLAGS)' -o bin/aisle ./cmd/aisle

setup-build:
	@.ci/setup build

setup-test:
	@.ci/setup test

web/ui/node_modules/.stamp: web/ui/package.json web/ui/package-lock.json
	cd web/ui && npm ci --no-audit --no-fund
	@touch $@

web/ui/dist/index.html: web/ui/node_modules/.stamp $(UI_SRC)
	cd web/ui && npm run build
	@touch $@

test: setup-test test-go test-ui e2e

# CGO is needed by the race detector only.
test-go:
	CGO_ENABLED=1 AISLE_TEST_INFLUXD="$${AISLE_TEST_INFLUXD:-$$(.ci/influxd --if-cached)}" \
		$(GO) test -race -timeout 20m ./...

test-ui: web/ui/node_modules/.stamp
	cd web/ui && npm run lint && npm test

e2e: build
	.ci/e2e

check: fmt vet lint fresh test

fmt:
	@out=$$($(GO) run mvdan.cc/gofumpt@v0.12.0 -l $$(git ls-files '*.go' | grep -v '^web/apigen/')); \
	if [ -n "$$out" ]; then echo "not formatted (gofumpt -w):"; echo "$$out"; exit 1; fi

vet:
	$(GO) vet ./...

lint:
	@test -x $(CACHE)/bin/golangci-lint || GOBIN=$(CACHE)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	$(CACHE)/bin/golangci-lint run ./...

generate:
	$(GO) generate ./...
	cd web/ui && npm run gen

# Generated code is committed and must be what its source gives.
fresh: web/ui/node_modules/.stamp
	@before=$$(git status --porcelain -- web/apigen web/ui/src/api | md5sum); $(MAKE) -s generate; \
	after=$$(git status --porcelain -- web/apigen web/ui/src/api | md5sum); \
	if [ "$$before" != "$$after" ]; then echo "generated code is stale: run make generate and commit"; git diff --stat -- web; exit 1; fi

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./collectors/... ./dcim/...

# The collectors against a thousand simulated devices, beside a floor and the
# peers on PATH: about two minutes. BENCH='-devices 5000 -protocols snmp-v2c'.
bench-collect:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/aisle ./cmd/collectbench
	bin/collectbench -aisle bin/aisle $(BENCH)

clean:
	rm -rf bin web/ui/dist web/ui/node_modules

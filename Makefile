# Everything that a fresh machine with Go, Node and Python 3 needs, these targets
# install, pinned, into the checkout.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The CDK and its jsii kernel run on the pinned Node, not on the machine's.
export PATH := $(CURDIR)/infra/node_modules/.bin:$(CURDIR)/.venv/bin:$(CURDIR)/bin:$(PATH)
# What the README promises holds for the versions in go.mod only.
export GOFLAGS := -mod=readonly

GOLANGCI_LINT := v2.15.0
GOVULNCHECK := v1.9.0
# Everything but infra, whose bindings take a minute and a gigabyte to compile.
QUICK := ./cmd/... ./functions/... ./internal/... ./test/...
INFRA := ./infra ./infra/bundle ./infra/build ./infra/dashboard
POLICY ?= infra/scaling.yaml
# Words for cdk deploy: settings by -c, and its own options.
CDK ?=
FUZZTIME ?= 10s
SEEDS ?= 2000
MUTATED ?= ./internal/scaling ./internal/guard ./internal/activity ./internal/schedule ./internal/policy

##@ Use

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Watch sagescale scale a simulated endpoint through a day: no account, nothing installed
	go run ./cmd/sagescale demo

.PHONY: deploy
deploy: policy-named infra/node_modules/.installed ## Deploy to the AWS account of your credentials (POLICY=scaling.yaml; CDK='-c notifications=true')
	cdk deploy -c policy=$(POLICY) $(CDK)

.PHONY: policy-named
policy-named:
	@test "$(origin POLICY)" != file || { echo "say which policy: make deploy POLICY=scaling.yaml" >&2; exit 2; }

##@ Check

# The CDK's bindings compile for minutes on one core; the other has work meanwhile.
# The fuzzing is bounded by a number: by a time it may fail on a busy machine.
.PHONY: test
test: ## Run every check there is
	$(MAKE) --no-print-directory --jobs 2 infra-test unit lint fuzz FUZZTIME=5000x
	$(MAKE) --no-print-directory vulncheck contract synth
	$(MAKE) --no-print-directory --jobs 2 faults wire broken SEEDS=500
	$(MAKE) --no-print-directory e2e
	@echo "all checks passed"

.PHONY: unit
unit: ## Run the tests of everything but infra (seconds, nothing installed)
	go test $(QUICK)

.PHONY: conformance
conformance: ## Hold decisions to what AWS documents and to the tests of other autoscalers
	go test -C test/conformance -count=1 -table

.PHONY: faults
faults: ## Simulate faults and check what must hold (SEEDS=2000; SEED=17 tells the story of one)
	GOGC=400 go test -C test/faults -count=1 -timeout 60m -v $(if $(SEED),-run Seeds -seed $(SEED),-seeds $(SEEDS) -depth 1) | grep -vE '^=== |^ +--- PASS'

.PHONY: lint
lint: bin/golangci-lint-$(GOLANGCI_LINT) ## Check style, purity and the module files
	go mod verify > /dev/null
	bin/golangci-lint-$(GOLANGCI_LINT) run --build-tags local,e2e $(QUICK) $(INFRA)

.PHONY: vulncheck
vulncheck: bin/govulncheck-$(GOVULNCHECK) ## Look for known vulnerabilities in what is called; says when it cannot
	go test -count=1 -tags local -v ./test/vulncheck

.PHONY: infra-test
infra-test: infra/node_modules/.installed ## Test the CDK app and its template
	go test $(INFRA)
	go test ./internal -run Licences # those of the CDK's modules, which are here now

.PHONY: synth
synth: infra/node_modules/.installed .venv/.installed ## Synthesize the template and check it with cdk-nag and cfn-lint
	cdk synth --quiet -c policy=$(POLICY)
	cfn-lint cdk.out/*.template.json
	@echo "synth: cdk.out/*.template.json: cdk-nag and cfn-lint found nothing"

.PHONY: contract
contract: .venv/.installed .dynamodb-local/.installed ## Hold the doubles to moto, MiniStack and DynamoDB Local
	go test -count=1 -tags local ./test/contract ./test/localaccount

.PHONY: wire
wire: .venv/.installed ## Run the built functions behind a proxy that fails
	go test -count=1 -tags local ./test/wire -v | grep -vE '^=== |^ +--- PASS'

.PHONY: report-test
report-test: ## Open the page of a backtest in the Chromium on the PATH; without one it says what is not checked
	go test -count=1 -tags local ./internal/report -run Browser -v | grep -vE '^=== |^ +--- PASS'

.PHONY: e2e
e2e: infra/node_modules/.installed .venv/.installed ## Deploy the stack into a local AWS account and watch it scale
	go test -count=1 -timeout 12m -tags e2e ./test/e2e -v

.PHONY: fuzz
fuzz: ## Fuzz every parser of foreign input for FUZZTIME each (10s, 5000x)
	@for pkg in $$(grep -rl --include='*_test.go' '^func Fuzz' cmd internal test | xargs -n 1 dirname | sort -u | sed 's|^|./|'); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target for $(FUZZTIME)"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg | { grep -vE '^(fuzz: elapsed|PASS|ok)' || true; }; \
	  done; \
	done

.PHONY: mutants
mutants: broken ## Change the pure packages in small ways; each change must fail a test (MUTATED=./internal/guard)
	go run ./test/mutants $(MUTATED)

.PHONY: broken
broken: ## Break sagescale in each way of test/faults/broken.txt; the simulation must notice
	go run ./test/mutants -broken test/faults/broken.txt

.PHONY: scores
scores: ## Score the policy of test/bench over loads, beside other scalers (TRACES=dir; made-up ones)
	go build -o bin/sagescale ./cmd/sagescale
	go run ./test/bench -traces '$(TRACES)'

.PHONY: scores-page
scores-page: ## Score other values of the defaults over the made-up loads and rewrite test/bench/README.md
	go build -o bin/sagescale ./cmd/sagescale
	go run ./test/bench -readme test/bench/README.md

.PHONY: bench
bench: scores ## The same; measure the functions beside a hello-world Lambda, and the packages' benchmarks
	go test -run '^$$' -bench . -benchmem $(QUICK)

##@ Tidy

.PHONY: generate
generate: infra/node_modules/.installed ## Rewrite what is generated: the JSON Schema, golden files, the tables of the pages
	go test ./internal/policyfile -run Schema -update
	go test ./internal/notice -run Schema -update
	go test ./internal/notify -run 'Samples$$' -update
	go test ./internal/policyfile -run Reference -update # of the schema, which is built in
	go test ./test/scenario -update
	go test ./cmd/sagescale -run 'Readme|Scripts|Explained|Help|Pages' -update
	go test ./test/conformance -run Readme -update
	go test ./test/faults -run Readme -update
	go run ./test/mutants -broken test/faults/broken.txt -update
	go test ./internal -run Licences -update
	go test -p 1 ./infra/dashboard ./infra -run 'Readme|Golden|Cost|Limits' -update
	go test ./internal/simulate -run Cost -update # of what the template declares, and the README counts
	$(MAKE) --no-print-directory scores-page

.PHONY: clean
clean: ## Remove what was built and installed
	rm -rf bin build cdk.out .venv .dynamodb-local infra/node_modules

# Pinned installs. Each is marked when it is complete.

bin/golangci-lint-$(GOLANGCI_LINT):
	GOFLAGS= GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	mv bin/golangci-lint $@

bin/govulncheck-$(GOVULNCHECK):
	rm -f bin/govulncheck-*
	GOFLAGS= GOBIN=$(CURDIR)/bin go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
	mv bin/govulncheck $@

infra/node_modules/.installed: infra/package.json infra/package-lock.json
	npm ci --prefix infra --no-audit --no-fund
	node --version | grep -qE '^v(22|24)\.' || { echo "the CDK needs Node 22 or 24; there is $$(node --version)"; exit 1; }
	touch $@

.venv/.installed: test/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r test/requirements.txt
	touch $@

# DynamoDB Local needs Java and Maven; without them its part is left out, said.
.dynamodb-local/.installed: test/pom.xml
	mkdir -p .dynamodb-local
	if command -v mvn > /dev/null && command -v java > /dev/null; then \
	  mvn -q -B -f test/pom.xml dependency:copy-dependencies; \
	else echo "no Java or Maven: DynamoDB Local is left out of the contract suite"; fi
	touch $@

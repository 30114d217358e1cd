# What is done with this checkout: `make demo` shows it, `make test` tests it, `make lint` is the quick half of that.
# Needed: Python 3.10 or newer and the package registries; for the tests Go too (a real Jaeger and Prometheus).

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
TESTS ?= -n 3 --dist worksteal

.PHONY: demo test lint ground benchmark pictures clean

demo:
	@examples/demo.sh

# One worker more than two cores, since some tests only wait; and what Python compiles it keeps, whatever the environment
# says: the tests start hundreds of programs.
test: lint ground
	@echo "tests: running them (pytest $(TESTS))"
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest $(TESTS) --timeout 600

lint: .venv/installed
	@$(BIN)/ruff check
	@$(BIN)/mypy

# Everything slow that the tests stand on, built once: see tests/ground.
ground: .venv/installed
	@PYTHONPATH=tests $(BIN)/python -m ground

# What deploytrace costs, measured beside its peers; rewrites the figures of docs/performance.md (some 40 minutes).
benchmark: .venv/installed
	@PYTHONPATH=tests:. $(BIN)/python -m benchmarks $(BENCHMARK)

# The pictures of docs/dashboards.md, from real deploys (about fifteen minutes; needs Node.js and npm too).
pictures: ground
	@cd grafana && PYTHONPATH=../tests ../$(BIN)/python -m pictures $(PICTURES)

.venv/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "deploytrace needs Python 3.10 or newer with its venv module (Debian: apt install python3-venv)."; exit 1; }
	@echo "tests: making the development environment .venv (about a minute, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,grpc,postgresql,exporter]'
	@touch $@

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache

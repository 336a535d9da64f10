# Every target works from a clean clone; what is missing is set up first.
# Only Python 3.11 or newer (with venv) and make are needed; `make test` on Debian as root installs the rest.
RUN := deploy/dev/run
PORT ?= 8000
LANE ?= all
KIND ?= dev
SCALE ?= small
ONLY ?=
export ARGS UPGRADE

.DEFAULT_GOAL := help
.PHONY: help demo test quick check format messages bench services stop lock env

help:
	@echo 'make demo [PORT=8000]           the whole portal with a demonstration distributor, on SQLite; ctrl-C ends it'
	@echo 'make test [LANE=all]            every test: LANE=sqlite, mariadb, browser or all; ARGS="-k name" for pytest'
	@echo 'make quick                      the fast tests on SQLite, under a minute'
	@echo 'make check                      lint, types, layers, migrations, deployment checks'
	@echo 'make format                     put Python and templates into their form'
	@echo 'make messages                   take new texts into the translations and compile them'
	@echo 'make bench [ONLY=] [SCALE=small]   benchmarks; SCALE=full for the large ones'
	@echo 'make services                   private MariaDB and Redis for development; make stop ends them'
	@echo 'make lock [UPGRADE=1]           resolve requirements*.in into the hashed locks'
	@echo 'make env [KIND=dev]             build a Python environment and print its path: dev, embedded or light'

# One simple command each, so that make starts it without a shell between and can end it.
demo:
	@$(RUN) demo $(PORT)

test:
	@$(RUN) test $(LANE)

quick:
	@$(RUN) quick

check:
	@$(RUN) check

format:
	@$(RUN) format

messages:
	@$(RUN) messages

bench:
	@$(RUN) bench "$(ONLY)" $(SCALE)

services:
	@$(RUN) services

stop:
	@$(RUN) stop

lock:
	@$(RUN) lock

env:
	@$(RUN) env $(KIND)

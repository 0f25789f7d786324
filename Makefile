# `make help` lists what there is to make. Nothing is written outside build/, but by `make install` and `make fmt`.

VERSION := 0.1.0

# `prefix`, not Debian's default /usr, is for people who build it themselves.
PREFIX  ?= /usr/local
DESTDIR ?=

MAKEFLAGS += --jobs=$(shell nproc) --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/bash
# `make V=1` shows the commands whole.
Q := $(if $(V),,@)
.SHELLFLAGS := -eu -o pipefail -c

FOLDERS := base config init prepare supervisor control client
SOURCES := $(wildcard $(FOLDERS:%=%/*.c))
HEADERS := $(wildcard $(FOLDERS:%=%/*.h) image/*.h top/*.h plot/*.h tests/unit/*.h tests/bench/*.h)
UNITS   := $(wildcard tests/unit/*.c)
FUZZERS := $(wildcard tests/fuzz/*.c)
BENCHES := $(wildcard tests/bench/*.c)
# tend-image is a program of its own, with libraries that tend does not have.
IMAGE   := $(wildcard image/*.c)
ALL_C   := $(SOURCES) $(IMAGE) $(UNITS) $(wildcard tests/image/*.c) $(FUZZERS) $(wildcard make/*.c)

# tend-metrics is a program of its own, with a library that tend does not have.
METRICS := $(wildcard metrics/*.c)
# What a client of tend is made of.
ASKING  := $(wildcard base/*.c) $(addprefix client/,link.c processes.c snapshot.c) config/address.c $(addprefix control/,complain.c live-history.c live-status.c place.c sasl.c wire.c)
# tend-top is one too: a container needs it now and then.
TOP     := $(wildcard top/*.c)
TOP_OWN := $(filter-out top/main.c top/terminal.c,$(TOP))
TOP_ALL := $(TOP) $(ASKING) $(addprefix client/,human.c layout.c screen.c table.c)
# And tend-plot: who looks at a start does so once.
PLOT     := $(wildcard plot/*.c)
PLOT_OWN := $(filter-out plot/main.c,$(PLOT))
PLOT_ALL := $(PLOT) $(ASKING) $(addprefix client/,human.c screen.c) control/json.c
ALL_C   += $(METRICS) $(TOP) $(PLOT)
HEADERS += $(wildcard metrics/*.h)

# The rules of the house: what a variant adds is below.
CC       := gcc
CLANG    := clang
WARNINGS := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla -Wstrict-prototypes \
            -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wcast-align -Wcast-qual -Wformat=2 \
            -Wimplicit-fallthrough -Wdate-time
LANGUAGE := -std=gnu17 -D_GNU_SOURCE -DTEND_VERSION='"$(VERSION)"' -I.
CFLAGS   ?= -O2 -g
HARDEN   := -fstack-protector-strong -fno-plt
PACKAGES := libsystemd inih libcap

# Asked once, and only when something is compiled: by then the packages are there.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)

IMAGE_LIBS := -larchive -ljansson -lnettle -lseccomp

.PHONY: all
all: build/tend build/tend-top build/tend-plot ## build/tend, with shared libraries: for daily work (also `make` alone)

# ---- variants: the same sources, each compiled into build/NAME/ --------------------------------------------

CC_shared       := $(CC)
CFLAGS_shared    = $(CFLAGS) $(HARDEN) -fPIE -D_FORTIFY_SOURCE=2 $(PKG_CFLAGS)
LIBS_shared      = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(PKG_LIBS)
NEEDS_shared    := build

# One size and one place, nothing to relocate: a start costs little more than the kernel's own share.
CC_static       := $(CC)
CFLAGS_static   := -Os -fno-pie -fstack-protector-strong -ffunction-sections -fdata-sections \
                   -fno-asynchronous-unwind-tables -D_FORTIFY_SOURCE=2 -Ibuild/libsystemd/include
LIBS_static     := -static -no-pie -s -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,--build-id=none -linih -lcap
NEEDS_static    := static

CC_werror       := $(CC)
CFLAGS_werror    = -O2 -g -Werror $(PKG_CFLAGS)
LIBS_werror      = $(PKG_LIBS)
NEEDS_werror    := build

CC_asan         := $(CLANG)
CFLAGS_asan      = -O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer $(PKG_CFLAGS)
LIBS_asan        = -fsanitize=address,undefined $(PKG_LIBS)
NEEDS_asan      := sanitize

CC_fuzz         := $(CLANG)
CFLAGS_fuzz      = -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all $(PKG_CFLAGS)
LIBS_fuzz        = -fsanitize=fuzzer,address,undefined $(PKG_LIBS)
NEEDS_fuzz      := sanitize

CC_cover        := $(CC)
CFLAGS_cover     = -O0 -g --coverage -fprofile-update=atomic $(PKG_CFLAGS)
LIBS_cover       = --coverage $(PKG_LIBS)
NEEDS_cover     := cover

# So that tests can let memory run out (tests/unit/scarce.h).
SCARCE := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# objects VARIANT, SOURCES
objects = $(patsubst %.c,build/$(1)/%.o,$(2))
# everything but main(), for the programs that have one of their own
library = $(call objects,$(1),$(filter-out control/main.c,$(SOURCES)))

define variant
build/$(1)/%.o: %.c Makefile | packages-build packages-$$(NEEDS_$(1)) $$(BEFORE_$(1))
	@mkdir -p $$(@D)
	@echo 'CC   $$@'
	$$(Q)$$(CC_$(1)) $$(LANGUAGE) $$(WARNINGS) $$(CFLAGS_$(1)) -MMD -MP -c -o $$@ $$<

build/$(1)/tend: $$(call objects,$(1),$$(SOURCES)) $$(EXTRA_$(1))
	@echo 'LINK $$@'
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) -o $$@ $$^ $$(LIBS_$(1)) -lm

build/$(1)/tend-metrics: $$(call objects,$(1),$$(METRICS) $$(ASKING))
	@echo 'LINK $$@'
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) -o $$@ $$^ -lsystemd -lmicrohttpd

$$(call objects,$(1),$$(METRICS)): | packages-metrics

build/$(1)/tend-top: $$(call objects,$(1),$$(TOP_ALL)) $$(EXTRA_$(1))
	@echo 'LINK $$@'
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) -o $$@ $$^ $$(LIBS_$(1)) -lm

build/$(1)/tend-plot: $$(call objects,$(1),$$(PLOT_ALL)) $$(EXTRA_$(1))
	@echo 'LINK $$@'
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) -o $$@ $$^ $$(LIBS_$(1)) -lm

build/$(1)/tend-image: $$(call objects,$(1),$$(IMAGE) $$(wildcard base/*.c))
	@echo 'LINK $$@'
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) -o $$@ $$^ $$(LIBS_$(1)) -lm $$(IMAGE_LIBS)

$$(call objects,$(1),$$(IMAGE) $$(wildcard tests/image/*.c)): | packages-image

build/$(1)/tests/unit/%.o: | packages-test

build/$(1)/image-unit: $$(call objects,$(1),$$(filter-out image/main.c,$$(IMAGE)) $$(wildcard base/*.c tests/image/*.c) tests/unit/main.c)
	@echo 'LINK $$@'
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) -o $$@ $$^ $$(LIBS_$(1)) -lm $$(IMAGE_LIBS) -lcmocka

build/$(1)/tend-unit: $$(call library,$(1)) $$(call objects,$(1),$$(TOP_OWN) $$(PLOT_OWN) $$(UNITS))
	@echo 'LINK $$@'
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) -o $$@ $$^ $$(LIBS_$(1)) -lm -lcmocka $$(SCARCE)

-include $$(patsubst %.o,%.d,$$(wildcard $$(call objects,$(1),$$(ALL_C))))
endef
# These are the functions that the compiler would otherwise make calls of their own loops to.
build/static/make/one-of-each.o: CFLAGS_static += -O2 -ffreestanding -fno-tree-loop-distribute-patterns -U_FORTIFY_SOURCE

BEFORE_static := build/libsystemd/lib/libsystemd.a
EXTRA_static  := $(patsubst %.c,build/static/%.o,$(wildcard make/*.c)) build/libsystemd/lib/libsystemd.a
$(foreach v,shared static werror asan fuzz cover,$(eval $(call variant,$(v))))

build/tend: build/shared/tend
	@ln -f $< $@

build/tend-top build/tend-plot: build/%: build/shared/%
	@ln -f $< $@

build/libsystemd/lib/libsystemd.a: make/libsystemd | packages-static
	@echo 'libsystemd.a from Debian'"'"'s source package: once, half a minute'
	$(Q)make/libsystemd build/libsystemd

.PHONY: static
static: build/static/tend build/static/tend-top build/static/tend-plot ## build/static/tend, the one that is shipped: static, stripped (builds libsystemd.a first, once)
	@stat --format '%n: %s bytes' $<

build/tend-metrics: build/shared/tend-metrics ## `tend metrics`, for Prometheus and its kin
	@ln -f $< $@

.PHONY: image
image: build/tend-image ## build/tend-image, which `tend run --image` needs: with libarchive, jansson, nettle and libseccomp
build/tend-image: build/shared/tend-image
	@ln -f $< $@

build/unit/%-unit: build/shared/%-unit
	@mkdir -p $(@D)
	@ln -f $< $@

# Each target sees to its own packages: installed as root, else named.
PACKAGE_SETS := $(addprefix packages-,build static image metrics test lint sanitize cover bench vm engines accept)
.PHONY: $(PACKAGE_SETS)
$(PACKAGE_SETS): packages-%:
	@make/packages $*

# ---- tests --------------------------------------------------------------------------------------------------

BINARIES := build/tend build/static/tend
BESIDE   := $(BINARIES:%=%-top) $(BINARIES:%=%-plot)

.PHONY: test
test: build/unit/tend-unit build/unit/image-unit $(BINARIES) $(BESIDE) build/tend-image build/tend-metrics | packages-test ## every test: units, then live ones against both builds (TESTS= picks)
	@make/test --unit build/unit/tend-unit build/unit/image-unit --live $(BINARIES) -- $(TESTS)

.PHONY: vm
vm: build/static/tend build/static/tend-top build/tend-metrics | packages-test packages-vm ## tests/vm: budgets on real cgroup v2, in a machine that QEMU boots (TESTS= picks)
	@make/test --vm build/static/tend -- $(TESTS)

.PHONY: engines
engines: build/static/tend build/tend-image | packages-test packages-engines ## tests/engines: in containers of podman, crun and runc, in a machine too (TESTS= picks)
	@make/test --engines build/static/tend -- $(TESTS)

.PHONY: accept
accept: build/static/tend | packages-test packages-accept ## tests/accept: Debian's own daemons from their own unit files (TESTS= picks)
	@make/test --accept build/static/tend -- $(TESTS)

CHECKED := $(addprefix build/,werror/tend-unit asan/tend-unit werror/image-unit asan/image-unit)
.PHONY: check
check: lint $(CHECKED) $(BINARIES) $(BESIDE) build/tend-image build/tend-metrics | packages-test ## lint, and every test, units under gcc -Werror and clang's sanitizers
	@make/test --unit $(CHECKED) --live $(BINARIES) -- $(TESTS)

.PHONY: cover
cover: build/cover/tend-unit build/cover/tend | packages-test packages-cover ## how much of the code the tests reach
	@find build/cover -name '*.gcda' -delete
	@make/test --unit build/cover/tend-unit --live build/cover/tend -- $(TESTS)
	@gcovr --root . --object-directory build/cover --filter '$(subst $(eval) ,|,$(FOLDERS))' --sort-uncovered

FUZZ_SECONDS ?= 20
FUZZ_PROGRAMS := $(FUZZERS:tests/fuzz/%.c=build/fuzz/run-%)
FUZZ_IMAGE := build/fuzz/run-manifest build/fuzz/run-layer
$(FUZZ_IMAGE): $(call objects,fuzz,$(filter-out image/main.c,$(IMAGE)))
$(FUZZ_IMAGE): LIBS_fuzz += $(IMAGE_LIBS)
build/fuzz/run-bus: $(call objects,fuzz,tests/unit/world.c tests/unit/ini.c)
build/fuzz/run-bus: LIBS_fuzz += -Wl,--wrap=fork
$(FUZZ_PROGRAMS): build/fuzz/run-%: build/fuzz/tests/fuzz/%.o $(call library,fuzz)
	@echo 'LINK $@'
	$(Q)$(CC_fuzz) -o $@ $^ $(LIBS_fuzz)

.PHONY: fuzz
fuzz: $(FUZZ_PROGRAMS) ## each program of tests/fuzz for FUZZ_SECONDS=20
	@make/fuzz $(FUZZ_SECONDS) $^

.PHONY: bench
bench: $(BINARIES) | packages-bench ## the ratios that tend promises, beside bare loops of the same work
	@TEND=build/static/tend TEND_SHARED=build/tend tests/bench/run

.PHONY: demo
demo: build/tend ## nginx, redis and a worker under tend as PID 1: one is killed, one exceeds its budget
	@TEND=$(CURDIR)/build/tend examples/demo/run

# ---- lint ---------------------------------------------------------------------------------------------------

# A stamp for each file: what has not changed is not looked at again.
FORMATTED := $(patsubst %,build/lint/%.format,$(ALL_C) $(BENCHES) $(HEADERS))
TIDIED    := $(patsubst %.c,build/lint/%.tidy,$(ALL_C))
PURE      := $(wildcard $(addprefix supervisor/,budget.c fit.c ground.c state.c policy.c graph.c ending.c fate.c judge.c elapse.c link.c sample.c throttle.c transaction.c health.c pressure.c) \
             base/date.c base/http.c base/pattern.c config/calendar.c config/calendar-next.c config/zone.c \
             $(addprefix plot/,attempt.c axis.c chain.c span.c))

.PHONY: lint
lint: $(FORMATTED) $(TIDIED) build/lint/cppcheck build/lint/purity build/lint/unused ## layers, purity, sizes, format, clang-tidy, cppcheck
	@tests/lint/arrows.sh
	@tests/lint/sizes.py

build/lint/%.format: % .clang-format | packages-lint
	@mkdir -p $(@D)
	@clang-format --dry-run -Werror $<
	@touch $@

# The object is there for its list of headers.
build/lint/%.tidy: %.c .clang-tidy build/werror/%.o | packages-lint
	@mkdir -p $(@D)
	@echo 'TIDY $<'
	@clang-tidy --quiet $< -- $(LANGUAGE) $(WARNINGS) $(PKG_CFLAGS) 2> >(grep -v -E '^[0-9]+ warnings? ' >&2 || true)
	@touch $@

build/lint/cppcheck: $(call objects,werror,$(ALL_C)) tests/lint/cppcheck.txt | packages-lint
	@mkdir -p build/lint/cppcheck.d
	@echo 'CPPCHECK'
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppressions-list=tests/lint/cppcheck.txt --cppcheck-build-dir=build/lint/cppcheck.d \
		-I. -D_GNU_SOURCE -DTEND_VERSION='""' -j $$(nproc) $(ALL_C)
	@touch $@

build/lint/purity: tests/lint/purity.sh $(call objects,werror,$(PURE))
	@mkdir -p $(@D)
	@tests/lint/purity.sh $(call objects,werror,$(PURE))
	@touch $@

# make/ stands in for libc, whose names the linker asks for.
build/lint/unused: tests/lint/unused.sh $(call objects,werror,$(filter-out make/%,$(ALL_C)))
	@tests/lint/unused.sh $(filter %.o,$^)
	@touch $@

.PHONY: fmt
fmt: | packages-lint ## rewrites the sources as .clang-format says
	@clang-format -i $(ALL_C) $(BENCHES) $(HEADERS)

# ---- what goes to the user ----------------------------------------------------------------------------------

.PHONY: man
man: build/man/tend.1 build/man/tend.ini.5 build/man/tend-image.1 ## the manual pages, into build/man/

build/man/%.1: docs/%.1
	@mkdir -p $(@D)
	@cp $< $@

build/man/tend.ini.5: docs/tend.ini.5.in build/tend
	@mkdir -p $(@D)
	@build/tend check --explain --roff >$@.settings
	@sed -e '/^@SETTINGS@$$/ { r $@.settings' -e 'd; }' $< >$@
	@rm $@.settings

BINARY ?= build/static/tend
.PHONY: install
install: $(BINARY) $(BINARY)-top $(BINARY)-plot man ## the static binaries, manual pages and completions, under DESTDIR= and PREFIX=/usr/local
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/tend
	install -D -m 755 $(BINARY)-top $(DESTDIR)$(PREFIX)/bin/tend-top
	install -D -m 755 $(BINARY)-plot $(DESTDIR)$(PREFIX)/bin/tend-plot
	install -D -m 644 build/man/tend.1 $(DESTDIR)$(PREFIX)/share/man/man1/tend.1
	install -D -m 644 build/man/tend.ini.5 $(DESTDIR)$(PREFIX)/share/man/man5/tend.ini.5
	install -D -m 644 completions/tend.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tend
	install -D -m 644 completions/_tend $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tend
	install -D -m 644 completions/tend.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tend.fish

.PHONY: install-metrics
install-metrics: build/tend-metrics ## tend-metrics, where `make install` puts tend
	install -D -m 755 $< $(DESTDIR)$(PREFIX)/bin/tend-metrics

.PHONY: install-image
install-image: build/tend-image build/man/tend-image.1 ## tend-image and its manual page, beside tend
	install -D -m 755 build/tend-image $(DESTDIR)$(PREFIX)/bin/tend-image
	install -D -m 644 build/man/tend-image.1 $(DESTDIR)$(PREFIX)/share/man/man1/tend-image.1

.PHONY: clean
clean: ## removes what was built, but for libsystemd.a (`make distclean` removes that too)
	@find build -mindepth 1 -maxdepth 1 ! -name libsystemd -exec rm -rf {} + 2>/dev/null || true

.PHONY: distclean
distclean:
	@rm -rf build

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

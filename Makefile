# libsandbox: builds into build/, installs under $(DESTDIR)$(PREFIX).
#
#   make            the library, sandboxctl and the compiled policies (V=1 shows the commands)
#   make demo       install what is missing, then show a locked redis and one denied call
#   make test       install what is missing, then run every test
#   make lint       formatter, clang-tidy, cppcheck, shellcheck, and our own rules
#   make aarch64    the library and some test programs into build/aarch64 (CROSS=aarch64-linux-gnu-)
#   make install    into $(DESTDIR)$(PREFIX); make uninstall takes the same files away
#   make bench      measurements, as ratios within one run
#   make tightness  how many calls the shipped policies leave open, beside published numbers
#   make fuzz       100000 random policies and libFuzzer (SEED=n COUNT=n TIME=seconds)
#   make clean      take build/ away; make help shows this
#
# CC, CFLAGS, CPPFLAGS and LDFLAGS are yours: they are appended, never overwritten.

PREFIX  ?= /usr/local
DESTDIR ?=
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
DATADIR ?= $(PREFIX)/share/libsandbox
DOCDIR  ?= $(PREFIX)/share/doc/libsandbox
MANDIR  ?= $(PREFIX)/share/man
COMPDIR ?= $(PREFIX)/share/bash-completion/completions

VERSION := 0.1.0
B       := build
GEN     := $(B)/gen

V ?= 0
ifeq ($(V),0)
Q   := @
say  = @printf '  %-8s %s\n' '$(1)' '$(2)'
else
Q   :=
say  = @:
endif

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
        -Wformat=2 -Wundef -Wvla -Wcast-qual -Wwrite-strings -Wno-unused-parameter
# CI builds with WERROR=1: a new compiler's new warning must not stop a user's build.
ifeq ($(WERROR),1)
WARN += -Werror
endif
BASE_CFLAGS := -std=gnu11 -O2 -g $(WARN)
BASE_CPPFLAGS := -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ipreload -I$(GEN) -MMD -MP

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all help aarch64 demo test lint bench tightness benches fuzz fuzzers install uninstall clean setup hosts unit FORCE
all:

# --- libsandbox.so: what runs inside somebody else's program -----------------------------------
# General registers only: the library's own code touches no vector or x87 register, so a trigger
# in the middle of a call (the entry patch) has none to save. No stack protector: its canary lives
# in a TLS block that a raw clone(2) thread may not have. No loop-to-memcpy: hooks and signal
# handlers call nothing in libc (tests/hygiene.bats reads the objects' undefined symbols). clang has
# another name for that.
NO_CALLS   := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),-fno-builtin,-fno-tree-loop-distribute-patterns)
LIB_CFLAGS := -fPIC -fvisibility=hidden -mgeneral-regs-only -fno-stack-protector $(NO_CALLS)
# Of NAME-ARCH.c and NAME-ARCH.S the ones of the machine that the compiler makes code for.
ARCHES  := x86_64 aarch64
ARCH    := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
FOREIGN := $(foreach a,$(filter-out $(ARCH),$(ARCHES)),%-$(a).c %-$(a).S)
ifeq ($(ARCH),aarch64)
LIB_CFLAGS += -mno-outline-atomics # or libgcc's code would be called for them
endif
LIB_SRC := $(filter-out $(FOREIGN),$(wildcard preload/*.c preload/*/*.c preload/*/*.S))
LIB_OBJ := $(patsubst %,$(B)/%.o,$(LIB_SRC))
LIB_LDFLAGS := -shared -Wl,-soname,libsandbox.so -Wl,--version-script=preload/libsandbox.map \
               -Wl,-z,relro,-z,now,-z,defs,-z,noexecstack

# --- sandboxctl: the command -------------------------------------------------------------------
CTL_CFLAGS := -fPIE -fstack-protector-strong -Isandboxctl
CTL_SRC := $(wildcard sandboxctl/*.c sandboxctl/policy/*.c sandboxctl/record/*.c \
             sandboxctl/watched/*.c sandboxctl/report/*.c sandboxctl/ci/*.c)
# Readers that the library has, too: what the command says of a file is what the library finds.
SHARED  := preload/policyc.c preload/trigger/debugfile.c preload/trigger/elffile.c \
           preload/trigger/symbol.c
CTL_OBJ := $(patsubst sandboxctl/%,$(B)/ctl/%.o,$(CTL_SRC)) $(patsubst %,$(B)/%.o,$(SHARED))
CTL_LIBS := -lseccomp -ljansson
TABLES  := $(GEN)/syscalls.inc $(GEN)/constants.inc $(GEN)/style.inc

# --- policies: texts are copied beside their compiled form, as they are installed ---------------
TEXTS    := $(patsubst %,$(B)/%,$(wildcard policies/*.policy policies/groups/*.group))
COMPILED := $(patsubst policies/%.policy,$(B)/policies/%.policyc,$(wildcard policies/*.policy))

all: $(B)/libsandbox.so $(B)/sandboxctl $(COMPILED)

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile

# A change of flags rebuilds: these files are rewritten only when they differ. Another PREFIX rebuilds the
# few that know a place of it.
FLAGS  = $(subst -I$(GEN),,$(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(BASE_CFLAGS) $(BASE_CPPFLAGS) \
         $(LIB_CFLAGS) $(CTL_CFLAGS))
PLACES = -DPOLICYDIR='"$(DATADIR)/policies"' -DBINDIR='"$(BINDIR)"' -DLIBDIR='"$(LIBDIR)"'
write_changed = printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' > $@
$(B)/flags: FORCE
	@mkdir -p $(B); $(call write_changed,$(FLAGS))
$(B)/places: FORCE
	@mkdir -p $(B); $(call write_changed,$(PLACES))

KNOWS_PLACES := $(B)/preload/policy.c.o $(B)/preload/command.c.o $(B)/ctl/policy/read.c.o \
                $(B)/ctl/launch.c.o
$(KNOWS_PLACES): $(B)/places
$(KNOWS_PLACES): private BASE_CPPFLAGS += $(PLACES)

$(B)/libsandbox.so: $(LIB_OBJ) preload/libsandbox.map
	$(call say,LD,$@)
	$(Q)$(CC) $(LIB_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(LIB_OBJ)

$(B)/preload/%.o: preload/% $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/sandboxctl: $(CTL_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(CFLAGS) $(LDFLAGS) -o $@ $(CTL_OBJ) $(CTL_LIBS)

$(B)/ctl/%.o: sandboxctl/% $(B)/flags | $(TABLES)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CTL_CFLAGS) $(CFLAGS) -c -o $@ $<

$(GEN)/syscalls.inc: scripts/gen-syscalls sandboxctl/policy/syscalls.tsv
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)scripts/gen-syscalls sandboxctl/policy/syscalls.tsv > $@

$(GEN)/constants.inc: scripts/gen-constants sandboxctl/policy/constants.list
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)CC='$(CC)' scripts/gen-constants sandboxctl/policy/constants.list > $@

# The style sheet of reports, as strings of C.
$(GEN)/style.inc: sandboxctl/report/style.css
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n",/' $< > $@

$(B)/policies/%: policies/%
	@mkdir -p $(@D)
	@cp $< $@

# Every policy depends on every text: which ones it includes is the compiler's business.
$(B)/policies/%.policyc: $(B)/policies/%.policy $(TEXTS) $(B)/sandboxctl
	$(call say,POLICY,$@)
	$(Q)$(B)/sandboxctl compile -o $@ $<

# --- tests -------------------------------------------------------------------------------------
# Hosts are tiny programs with one behaviour each, for the library to live in.
HOSTS := $(patsubst tests/hosts/%.c,$(B)/hosts/%,$(wildcard tests/hosts/*.c)) \
         $(patsubst tests/hosts/lib/%.c,$(B)/hosts/%.so,$(wildcard tests/hosts/lib/*.c))

$(B)/hosts/%: tests/hosts/%.c $(B)/flags
	$(call say,HOST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -D_GNU_SOURCE -MMD -MP -std=gnu11 -O1 -g $(WARN) $(CFLAGS) -pthread -o $@ $<

$(B)/hosts/%.so: tests/hosts/lib/%.c $(B)/flags
	$(call say,HOST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -D_GNU_SOURCE -MMD -MP -std=gnu11 -O1 -g $(WARN) $(CFLAGS) -fPIC -shared -o $@ $<

# The library without its thread barrier: the newborn-thread test must fail with it.
$(B)/no-barrier/lockdown.o: preload/lockdown/lockdown.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) -DSANDBOX_TEST_NO_BARRIER $(BASE_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/no-barrier/libsandbox.so: $(LIB_OBJ) $(B)/no-barrier/lockdown.o preload/libsandbox.map
	$(call say,LD,$@)
	$(Q)$(CC) $(LIB_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ \
	  $(filter-out %/lockdown.c.o,$(LIB_OBJ)) $(B)/no-barrier/lockdown.o

# Unit tests see the pure parts under ASan and UBSan.
ASAN     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNITS    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(filter-out $(FOREIGN),\
              $(wildcard tests/unit/test_*.c tests/unit/objdump-*.c)))
PURE     := $(wildcard sandboxctl/policy/*.c) $(SHARED) \
            $(filter-out $(FOREIGN),$(wildcard preload/trigger/insn-*.c preload/trigger/displace-*.c))
UNIT_OBJ := $(patsubst %,$(B)/asan/%.o,$(PURE) tests/unit/generate.c)

$(B)/asan/%.o: % $(B)/flags | $(TABLES)
	$(call say,CC,$< (sanitized))
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) -O1 -Isandboxctl $(ASAN) $(CFLAGS) -c -o $@ $<

$(B)/unit/%: $(B)/asan/tests/unit/%.c.o $(UNIT_OBJ)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASAN) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka -lseccomp

$(B)/unit/test_rights: $(B)/asan/sandboxctl/record/rights.c.o
$(B)/unit/test_opens: $(B)/asan/sandboxctl/record/opens.c.o

# Fuzzers: the same parts with clang's libFuzzer, and the random policies without sanitizers.
CLANG    ?= clang
FUZZERS  := $(patsubst tests/fuzz/fuzz_%.c,$(B)/fuzz/%,$(filter-out $(FOREIGN),$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_OBJ := $(patsubst %,$(B)/fuzz/obj/%.o,$(PURE))
# What only computes tells libFuzzer nothing: it is sanitized, but its branches are not counted.
BLIND    := $(patsubst %,sandboxctl/policy/%.c,bpf diagnose evaluate partition verify walk)
FAST_OBJ := $(patsubst %,$(B)/fast/%.o,$(PURE) tests/unit/generate.c)

$(B)/fuzz/obj/%.o: % $(B)/flags | $(TABLES)
	$(call say,CLANG,$< (fuzzed))
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BASE_CPPFLAGS) $(CPPFLAGS) -std=gnu11 -O1 -g -Isandboxctl $(ASAN) $(if $(filter $<,$(BLIND)),,-fsanitize=fuzzer-no-link) $(CFLAGS) -c -o $@ $<

$(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/fuzz_%.c.o $(FUZZ_OBJ)
	$(call say,LD,$@)
	$(Q)$(CLANG) $(ASAN) -fsanitize=fuzzer $(CFLAGS) $(LDFLAGS) -o $@ $^ -lseccomp

$(B)/fast/%.o: % $(B)/flags | $(TABLES)
	$(call say,CC,$< (fast))
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) -Isandboxctl $(CFLAGS) -c -o $@ $<

# What it tests computes the same on every machine, and has the names of this one's counterpart.
$(B)/unit/test_displace_aarch64: $(B)/asan/tests/unit/test_displace_aarch64.c.o \
                                 $(B)/asan/preload/trigger/displace-aarch64.c.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASAN) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka

# test_kernel forks thousands of times, which sanitizers make slow.
$(B)/unit/test_kernel: $(B)/fast/tests/unit/test_kernel.c.o $(FAST_OBJ)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka -lseccomp

# test_watched runs programs, with all of the command but its main().
$(B)/unit/test_watched: $(B)/fast/tests/unit/test_watched.c.o \
                        $(filter-out $(B)/ctl/main.c.o,$(CTL_OBJ))
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(CTL_LIBS)

$(B)/fuzz/random: $(B)/fast/tests/unit/test_random.c.o $(FAST_OBJ)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka -lseccomp

# Measurements, compiled as the real thing is.
BENCHES  := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))

$(B)/bench/%: tests/bench/%.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -D_GNU_SOURCE -MMD -MP -std=gnu11 -O2 -g $(WARN) $(CFLAGS) -o $@ $<

$(B)/bench/compile: $(B)/fast/tests/bench/compile.c.o $(FAST_OBJ)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lseccomp

# The command as the fuzzers would have it, for tests/hostile-input.bats.
ASAN_CTL := $(patsubst %,$(B)/asan/%.o,$(wildcard sandboxctl/*.c sandboxctl/record/*.c \
                                              sandboxctl/watched/*.c sandboxctl/report/*.c sandboxctl/ci/*.c))

$(B)/sanitized/sandboxctl: $(ASAN_CTL) $(UNIT_OBJ)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASAN) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CTL_LIBS)

# For the other architecture, with Debian's cross compiler: the library, and the test programs that
# tests/aarch64.bats runs emulated.
CROSS ?= aarch64-linux-gnu-
CROSS_HOSTS := functions racer shapes waits
aarch64:
	@$(MAKE) --no-print-directory CC=$(CROSS)gcc B=$(B)/aarch64 $(B)/aarch64/libsandbox.so \
	  $(CROSS_HOSTS:%=$(B)/aarch64/hosts/%)

hosts: $(HOSTS) $(B)/no-barrier/libsandbox.so
unit: $(UNITS) $(B)/sanitized/sandboxctl
fuzzers: $(FUZZERS)
benches: $(BENCHES)

setup:
	@scripts/setup $(WANT)

# On a fresh machine each of these alone does everything.
test:
	@scripts/setup build test
	@$(MAKE) -j"$$(nproc)" --no-print-directory all hosts unit \
	  "$$(command -v $(CLANG) >/dev/null && echo fuzzers || echo unit)" \
	  "$$(command -v $(CROSS)gcc >/dev/null && echo aarch64 || echo unit)"
	@scripts/test $(TESTS)

demo:
	@scripts/setup build demo
	@$(MAKE) --no-print-directory all
	@scripts/demo

lint:
	@scripts/setup build lint
	@$(MAKE) --no-print-directory $(TABLES)
	@scripts/lint

fuzz:
	@scripts/setup build test
	@$(MAKE) --no-print-directory fuzzers $(B)/fuzz/random
	@SEED='$(SEED)' COUNT='$(COUNT)' TIME='$(TIME)' scripts/fuzz

bench:
	@scripts/setup build bench
	@$(MAKE) --no-print-directory all benches
	@scripts/bench

tightness:
	@scripts/setup build tightness
	@$(MAKE) --no-print-directory all
	@scripts/tightness

# --- installation --------------------------------------------------------------------------------
MAN := $(wildcard docs/*.[1-8])
PAGES := $(wildcard docs/*.md docs/ci/*)
INSTALLED := $(LIBDIR)/libsandbox.so $(BINDIR)/sandboxctl $(DATADIR)/ci-regress \
	$(COMPDIR)/sandboxctl \
	$(patsubst docs/%,$(DOCDIR)/%,$(PAGES)) \
	$(patsubst $(B)/%,$(DATADIR)/%,$(TEXTS) $(COMPILED)) \
	$(foreach m,$(MAN),$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))

# Texts first: a text that is newer than its compiled form would be compiled again at every start.
install: all
	$(Q)install -D -m 755 $(B)/libsandbox.so '$(DESTDIR)$(LIBDIR)/libsandbox.so'
	$(Q)install -D -m 755 $(B)/sandboxctl '$(DESTDIR)$(BINDIR)/sandboxctl'
	$(Q)for f in $(TEXTS) $(COMPILED); do \
	  install -D -m 644 "$$f" "$(DESTDIR)$(DATADIR)/$${f#$(B)/}" || exit 1; done
	$(Q)for m in $(MAN); do \
	  install -D -m 644 "$$m" "$(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}" || exit 1; done
	$(Q)install -D -m 755 scripts/ci-regress '$(DESTDIR)$(DATADIR)/ci-regress'
	$(Q)install -D -m 644 scripts/completion.bash '$(DESTDIR)$(COMPDIR)/sandboxctl'
	$(Q)for f in $(PAGES); do \
	  install -D -m 644 "$$f" "$(DESTDIR)$(DOCDIR)/$${f#docs/}" || exit 1; done
	$(Q)if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

# Takes away what install put there, and the directories it leaves empty.
uninstall:
	$(Q)for f in $(INSTALLED); do rm -f "$(DESTDIR)$$f" || exit 1; done
	$(Q)for d in '$(DATADIR)/policies/groups' '$(DATADIR)/policies' '$(DATADIR)' '$(DOCDIR)/ci' '$(DOCDIR)'; do \
	  rmdir "$(DESTDIR)$$d" 2>/dev/null || [ ! -d "$(DESTDIR)$$d" ] || echo "kept $(DESTDIR)$$d: not empty"; done
	$(Q)if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

# The objects of test programs hang on no variable: every .d that was ever made for one.
TEST_DEPS := $(shell find $(B)/*/tests $(B)/fuzz/obj/tests -name '*.d' 2>/dev/null)

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(CTL_OBJ) $(UNIT_OBJ) $(ASAN_CTL) $(FUZZ_OBJ) $(FAST_OBJ)) $(TEST_DEPS) $(HOSTS:=.d) $(BENCHES:=.d) $(B)/no-barrier/lockdown.d

clean:
	rm -rf $(B)

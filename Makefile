# Shortcuts; Meson does the work. `make help` lists them.
BENCH ?= all
SIZE ?=
N ?=
FUZZ_SECONDS ?= 60
.PHONY: all help check asan tsan fuzz sim bench lint ct okvs-trials dossier-flips bench-psi-link watch-full format clean po po-check flood

all: build/build.ninja
	@ninja -C build

build/build.ninja:
	@meson setup build >/dev/null

help:
	@echo "make            build into build/"
	@echo "make check      all tests (as ./check, without installing packages)"
	@echo "make asan|tsan  all tests under AddressSanitizer+UBSan, ThreadSanitizer"
	@echo "make fuzz       every fuzz target with libFuzzer, FUZZ_SECONDS=$(FUZZ_SECONDS) each"
	@echo "make sim N=...  more crash states and two-node runs"
	@echo "make watch-full every expected hit of the real logs, every list, every kernel; more rounds"
	@echo "make bench [BENCH=record] [SIZE=small]   one JSON line per case"
	@echo "make bench-psi-link [N=1048576]           comparisons from the command line, over shaped links"
	@echo "make ct         constant time: kernels under valgrind with secrets marked"
	@echo "make okvs-trials [N=30]  2^N small tables, and how often they fail"
	@echo "make lint       layers, format"
	@echo "make po|po-check  gather texts for translators; name those that lack a translation"

check: all
	@tools/run-tests build

asan:
	@test -d build-asan || CC=clang meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dbench=false >/dev/null
	@ninja -C build-asan && tools/run-tests build-asan

tsan:
	@test -d build-tsan || CC=clang meson setup build-tsan -Db_sanitize=thread -Db_lundef=false -Dbench=false >/dev/null
	@ninja -C build-tsan && tools/run-tests build-tsan

fuzz:
	@test -d build-fuzz || CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Dbench=false >/dev/null
	@ninja -C build-fuzz && tools/run-fuzz build-fuzz $(FUZZ_SECONDS)

watch-full: all
	@ENTENTE_WATCH_FULL=1 ENTENTE_WATCH_ROUNDS=2000 meson test -C build --suite watch --timeout-multiplier 20 --verbose

sim: all
	@ENTENTE_SIM_N=$(or $(N),100000) meson test -C build --suite sim --timeout-multiplier 100 --verbose

ct: all
	@ENTENTE_CPU=portable valgrind -q build/tests/psi/ct_psi 2>build/ct.log
	@ENTENTE_CPU=avx2 valgrind -q build/tests/psi/ct_psi 2>>build/ct.log
	@echo "ct: no branch and no address depends on a secret"

flood: all
	@ENTENTE_FLOOD="$(or $(N),100000 10000)" ENTENTE_FLOOD_SECONDS=900 ENTENTE_FLOOD_KB=2000000 meson test -C build \
	  --no-rebuild --timeout-multiplier 10 --verbose 'scenario flood'

okvs-trials: all
	@nice build/tests/psi/okvs_trials $(or $(N),30)

# Changed bytes of a stored dossier: none may go unseen.
dossier-flips: all
	@ENTENTE_VECTORS=tests/vectors ENTENTE_FLIPS=$(or $(N),100000) nice build/tests/verify/test_stored_dossier

bench: all
	@tools/run-bench build $(BENCH)

# New texts into po/; and whether every text has its translation.
po: all
	@tools/po build/src/cli/entente

po-check: all
	@tools/po --check build/src/cli/entente
# entente psi from list to result, over loopback and over links shaped to 1 Gb/s and 100 Mb/s
bench-psi-link: all
	@bench/psi-link.sh $(N)

lint:
	@tools/layers
	@clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	@rm -rf build build-*

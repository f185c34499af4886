#!/usr/bin/env bash
# Every check and every test, from a fresh clone on a Debian-like machine with cargo, Node and a way to the package registries.
#   tests/all.sh [--fast]     --fast leaves out formatting and clippy
# Installs what is missing, runs all steps even if one fails, and fails if any did.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
protocol=$root/tests/protocol
sdk=$root/sdk/typescript
demo=$root/demo
examples=$root/examples
target=${CARGO_TARGET_DIR:-target}
[[ $target == /* ]] || target=$root/$target
node_min=20

# No test may skip itself for want of something that this script installs.
export RTM_REQUIRE_ALL=1

fast=false
for argument in "$@"; do
  case $argument in
    --fast) fast=true ;;
    *) echo "usage: tests/all.sh [--fast]" >&2; exit 2 ;;
  esac
done

names=() outcomes=() durations=()
failed=0 remark=

# step NAME COMMAND...: announces it, runs it, remembers how it went. Commands that need several calls are functions
# whose every call says `|| return`: `set -e` does not reach into a condition. A command that passed and looked less closely than
# it should sets `remark`.
step() {
  local name=$1 started=$SECONDS outcome=passed
  shift
  remark=
  printf '\n==> %s\n' "$name"
  "$@" || outcome="FAILED (exit $?)"
  if [[ $outcome == passed ]]; then outcome+=${remark:+, $remark}; else failed=$((failed + 1)); fi
  names+=("$name") outcomes+=("$outcome") durations+=($((SECONDS - started)))
  printf '<== %s: %s after %d s\n' "$name" "$outcome" $((SECONDS - started))
}

has() { command -v "$1" >/dev/null 2>&1; }

complain() { printf '%s\n' "$*" >&2; return 1; }

# debian PACKAGE...: installs Debian packages, as root or through sudo.
debian() {
  local as=()
  has apt-get || complain "cannot install $*: there is no apt-get; please install it yourself" || return
  if [[ $(id -u) != 0 ]]; then
    has sudo || complain "cannot install $*: neither root nor sudo; please install it yourself" || return
    as=(sudo)
  fi
  "${as[@]}" apt-get update -qq || complain "apt-get update failed; trying with the package lists at hand" || true
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ||
    complain "cannot install $*; please install it yourself"
}

tools() {
  local missing=0 packages=()
  has cargo || complain "cargo is missing: install Rust first (rustup.rs)" || missing=1
  if ! has node || ! has npm; then
    complain "Node is missing: install Node $node_min or later, with npm" || missing=1
  elif (($(node -p 'process.versions.node.split(".")[0]') < node_min)); then
    complain "Node $(node --version) is too old: $node_min or later is needed" || missing=1
  fi
  has cc || packages+=(build-essential)
  has redis-server || packages+=(redis-server)
  has redis-sentinel || packages+=(redis-sentinel)
  [[ -x ${RTM_CHROMIUM:-/usr/bin/chromium} ]] || packages+=(chromium)
  has openssl || packages+=(openssl)
  has valgrind || packages+=(valgrind)
  compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || packages+=(libfaketime)
  if ((${#packages[@]} > 0)); then
    echo "missing: ${packages[*]}; installing"
    debian "${packages[@]}" || missing=1
  fi
  if ! $fast; then
    component fmt rustfmt || missing=1
    component clippy clippy || missing=1
  fi
  return $missing
}

# component SUBCOMMAND NAME: a part of the Rust toolchain that some installations leave out.
component() {
  cargo "$1" --version >/dev/null 2>&1 && return
  has rustup && echo "missing: cargo $1; installing" && rustup component add "$2" && return
  complain "cargo $1 is missing: run \`rustup component add $2\`, or use --fast"
}

packages() {
  local folder
  for folder in "$protocol" "$sdk" "$examples" "$demo"; do (cd "$folder" && npm ci --no-audit --no-fund) || return; done
}

# node_tests FOLDER: the tests in a folder, against the release build.
node_tests() {
  local report
  [[ -x $target/release/rtm ]] || complain "there is no $target/release/rtm: the release build has failed" || return
  report=$(mktemp) || return
  (
    cd "$root/$1" &&
      RTM_BIN=$target/release/rtm npm test --silent -- \
        --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$report"
  ) && ran_all "$report"
  local outcome=$?
  rm -f "$report"
  return $outcome
}

# A run that skipped a test, or found none, has not passed.
ran_all() {
  grep -Eq '^# pass [1-9][0-9]*$' "$1" || complain "no test ran" || return
  local line
  for line in '# fail 0' '# cancelled 0' '# skipped 0' '# todo 0'; do
    grep -Fxq "$line" "$1" || complain "expected \`$line\` of the test runner" || return
  done
}

# Built by itself, as its baseline was: what else is built at the same time decides on features of what both depend on, and so on instructions.
# Counts of another compiler than the baseline's are compared coarsely.
hot_paths() {
  local said
  said=$(mktemp) || return
  cargo run --release -p rtm-hot-paths | tee "$said" || { rm -f "$said"; return 1; }
  ! grep -q '^COARSE' "$said" || remark="COARSELY: see above"
  rm -f "$said"
}

sdk_build() { (cd "$sdk" && npm run --silent check && npm run --silent build); }

# vitest FOLDER ARGUMENT...: the tests that vitest runs there; all of them have to run and to pass.
vitest() {
  local folder=$1 report outcome
  shift
  report=$(mktemp) || return
  (cd "$folder" && RTM_BIN=$target/release/rtm npx vitest run "$@" --reporter=default --reporter=json --outputFile.json="$report") &&
    node -e '
      const { numPassedTests, numTotalTests } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
      if (numPassedTests === 0 || numPassedTests !== numTotalTests) throw new Error(`${numPassedTests} of ${numTotalTests} tests passed`);
    ' "$report"
  outcome=$?
  rm -f "$report"
  return $outcome
}

# The committed files of the demo must be what their source makes.
demo_check() { (cd "$demo" && npm run --silent check && npm run --silent verify); }

cd "$root"
step "tools" tools
step "npm ci" packages
if ! $fast; then
  step "cargo fmt" cargo fmt --all --check
  step "cargo clippy" cargo clippy --workspace --all-targets -- -D warnings
fi
step "cargo build --release" cargo build --release -p rtm -p rtm-external-module
step "hot paths" hot_paths
step "cargo test" cargo test --workspace --no-fail-fast
step "protocol tests" node_tests tests/protocol
step "cluster tests" node_tests tests/cluster
step "fault tests" node_tests tests/faults
step "sdk check and build" sdk_build
step "cookbook tests" node_tests examples
for kind in unit server browser package; do step "sdk $kind tests" vitest "$sdk" --project "$kind"; done
step "demo check" demo_check
step "demo tests" vitest "$demo"

printf '\n'
for at in "${!names[@]}"; do
  printf '%-24s %6d s  %s\n' "${names[at]}" "${durations[at]}" "${outcomes[at]}"
done
printf '%d passed, %d failed\n' $((${#names[@]} - failed)) "$failed"
((failed == 0))

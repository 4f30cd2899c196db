#!/usr/bin/env bash
# Runs test programs, one after another, and ends with one line that sums up all of them.
#   usage: run.sh unit|cluster|e2e|chaos|chaos-watch...      their output goes to artifacts/tests
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd); cd "$ROOT"
LOCAL=$ROOT/deploy/local LOGS=$ROOT/artifacts/tests
passed=0 failed=0 skipped=0

# The one place that says what a test program needs.
group_of() { case $1 in *.E2E.Tests) echo e2e ;; *.ClusterTests) echo cluster ;; *) echo unit ;; esac; }

# Minutes until a program counts as hanging.
limit_of() { case $1 in unit | cluster) echo 10 ;; *) echo 60 ;; esac; }

programs() {
  local project name
  for project in tests/*/*.csproj; do name=$(basename "$project" .csproj); [ "$(group_of "$name")" != "$1" ] || echo "$name"; done
}

build() {
  local names=("$@") target
  type -P dotnet >/dev/null || { echo 'error: dotnet is not there: install the .NET SDK 10' >&2; return 1; }
  printf 'building %d test programs ...\n' $#
  Programs=$(printf "$ROOT/tests/%s;" "${names[@]/%//*.csproj}"); export Programs
  export MSBUILDDISABLENODEREUSE=1
  for target in Restore Build; do dotnet msbuild tests/tests.proj -t:$target -m -v:quiet -nologo >"$LOGS/build.log" 2>&1 || { tail -40 "$LOGS/build.log"; return 1; }; done
}

# count NAME SECONDS PASSED FAILED SKIPPED
count() {
  printf '  %-36s %4d passed, %d failed, %d skipped  (%d s)\n' "$1" "$3" "$4" "$5" "$2"
  passed=$((passed + $3)) failed=$((failed + $4)) skipped=$((skipped + $5))
}

run_dotnet() { # group name [filter...]
  local group=$1 name=$2 log=$LOGS/$2.log code=0 begin=$SECONDS; shift 2
  timeout "$(limit_of "$group")m" "artifacts/bin/$name/debug/$name" -noColor -noLogo "$@" >"$log" 2>&1 </dev/null || code=$?
  local total errors failures skips others
  read -r total errors failures skips others < <(sed -n 's/.*Total: \([0-9]*\), Errors: \([0-9]*\), Failed: \([0-9]*\), Skipped: \([0-9]*\), Not Run: \([0-9]*\),.*/\1 \2 \3 \4 \5/p' "$log" | tail -1) || true
  if [ -z "${total:-}" ] || { [ "$code" -ne 0 ] && [ $((errors + failures)) -eq 0 ]; }; then
    tail -20 "$log"; printf '  %s ended with code %d before it was through\n' "$name" "$code"
    total=${total:-0} errors=1 failures=${failures:-0} skips=${skips:-0} others=${others:-0}
  fi
  [ $((errors + failures)) -eq 0 ] || grep -A25 -E '\[FAIL\]|\[ERROR\]' "$log" | head -200 || true
  count "$name" $((SECONDS - begin)) $((total - failures - skips - others)) $((failures + errors)) "$skips"
}

run_node() { # directory of tests
  local name=runtime-nodejs log=$LOGS/runtime-nodejs.log begin=$SECONDS
  timeout 5m node --test --test-reporter=tap "$1"/*.test.js >"$log" 2>&1 </dev/null || true
  tally() { local n; n=$(sed -n "s/^# $1 //p" "$log" | tail -1); echo "${n:-$2}"; }
  local bad=$(($(tally fail 1) + $(tally cancelled 0)))
  [ "$bad" -eq 0 ] || grep -A25 '^ *not ok' "$log" | head -200 || true
  count "$name" $((SECONDS - begin)) "$(tally pass 0)" "$bad" "$(tally skipped 0)"
}

# The packages that tests run against. Without root, what is there has to do.
packages() { "$LOCAL/packages.sh" test || { [ "$(id -u)" -ne 0 ] && echo 'going on without them'; }; }

cluster_is_up=''
need_cluster() {
  local code=0
  if [ -z "$cluster_is_up" ]; then
    "$LOCAL/up" || code=$?
    case $code in 0) cluster_is_up=yes ;; 3) cluster_is_up=impossible ;; *) cluster_is_up=no ;; esac
  fi
  [ "$cluster_is_up" = yes ]
}

run_group() {
  local group=$1 name names=() filter=()
  case $group in
    chaos | chaos-watch) mapfile -t names < <(programs e2e); filter=(-trait "category=$group" -explicit on -showLiveOutput) ;;
    *) mapfile -t names < <(programs "$group") ;;
  esac
  [ ${#names[@]} -gt 0 ] || return 0
  if [ "$group" != unit ] && ! need_cluster; then
    if [ $cluster_is_up = impossible ]; then
      printf 'no node can run here: %s left out\n' "${names[*]}"; skipped=$((skipped + ${#names[@]}))
    else
      count 'deploy/local/up' 0 0 1 "${#names[@]}"
    fi
    return 0
  fi
  if ! build "${names[@]}"; then count "building the $group tests" 0 0 1 0; return 0; fi
  for name in "${names[@]}"; do run_dotnet "$group" "$name" "${filter[@]}"; done
  case $group in chaos*) sed -n 's/^ *.*\[OUTPUT\] /  /p' "$LOGS/${names[0]}.log" ;; esac
  if [ "$group" = unit ]; then run_node runtimes/nodejs/test; fi
}

mkdir -p "$LOGS"
packages
export KUBECONFIG=$ROOT/.local/kubeconfig
rm -f "$LOGS/faults.txt"
for group in "$@"; do run_group "$group"; done
if [ -s "$LOGS/faults.txt" ]; then echo 'faults, and how soon they were told:'; sort "$LOGS/faults.txt" | sed 's/^/  /'; fi
if [ "$skipped" -gt 0 ]; then printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"; else printf '%d passed, %d failed\n' "$passed" "$failed"; fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

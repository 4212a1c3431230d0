#!/usr/bin/env bash
# ./fleet lint: source format, protos, and the project's own conventions. Code style is the compiler's: a build has it as errors.
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/setup.sh
BUF=1.75.0

buf() {
  if [ "$(cat .run/buf/version 2>/dev/null)" != "$BUF" ]; then
    setup lint
    echo "fleet: fetching buf $BUF into .run/buf: the rules for protos" >&2
    mkdir -p .run/buf
    npm install --silent --no-audit --no-fund --prefix .run/buf "@bufbuild/buf@$BUF" >&2
    echo "$BUF" >.run/buf/version
  fi
  .run/buf/node_modules/.bin/buf "$@"
}

# v1 is never broken: what first landed on main is the promise.
breaking() {
  local first
  if ! first=$(git log --first-parent --diff-filter=A --format=%H origin/main -- protos/cozy/fleet/v1/session.proto 2>/dev/null | tail -n 1) ||
    [ -z "$first" ]; then
    echo "lint: no landed protos in origin/main to compare with (a shallow or new clone): buf breaking is left out"
  else
    buf breaking --against ".git#ref=$first"
  fi
}

echo "lint: source format"
# The folder alone: no restore and no project load, so a fresh clone is checked in seconds.
dotnet format whitespace . --folder --verify-no-changes --exclude .run
echo "lint: protos"
buf lint
breaking
echo "lint: conventions"
dotnet run --project tests/Conventions -c Release -v quiet -- -noColor -noLogo
echo "lint: clean"

#!/usr/bin/env bash
# ./fleet lint: source format, protos, and the project's own conventions.
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/setup.sh
BUF=1.75.0

buf() {
  setup lint
  [ -x .run/buf/node_modules/.bin/buf ] && [ "$(cat .run/buf/version 2>/dev/null)" = "$BUF" ] || {
    mkdir -p .run/buf
    npm install --silent --no-audit --no-fund --prefix .run/buf "@bufbuild/buf@$BUF" >&2
    echo "$BUF" >.run/buf/version
  }
  .run/buf/node_modules/.bin/buf "$@"
}

echo "lint: source format"
# As files in a folder, not as projects: no project has to be loaded for that.
dotnet format whitespace . --folder --verify-no-changes --include src tests bench
echo "lint: protos"
buf lint
# Fields and names of v1 stay as they were released; before the first release there is nothing to compare with.
if release=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null); then
  buf breaking --against ".git#tag=$release"
fi
echo "lint: clean"

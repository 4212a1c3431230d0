#!/usr/bin/env bash
# ./fleet publish [DIRECTORY]: the agent as one native file, by default in .run/native/cozy-fleet-agent. Only when something it is made
# of changed.
set -euo pipefail
cd "$(dirname "$0")/.."
directory=${1:-.run/native}
mkdir -p "$directory" .run/native
inputs=$(find src/Agent src/Contracts src/Dhcp src/Tftp src/Talos src/Primitives protos eng/publish.sh Directory.Packages.props Directory.Build.props \
  -type f -not -path '*/bin/*' -not -path '*/obj/*' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
if [ "$(cat .run/native/inputs 2>/dev/null)" != "$inputs" ] || [ ! -x .run/native/cozy-fleet-agent ]; then
  # The compiler's one warning about Serilog is silenced for this reason (src/Agent/Agent.csproj).
  if grep -rnE '"[^"]*\{@' src/Agent src/Dhcp src/Tftp src/Talos src/Primitives --include=*.cs >&2; then
    echo "fleet: a log line writes a whole object, which a native program cannot; log its parts" >&2
    exit 1
  fi
  echo "fleet: compiling the agent to one native file (a minute or two; the output is in .run/publish.log)" >&2
  # Beside the ordinary build, not in it: a native program is restored for its platform, which the lock files do not name.
  dotnet publish src/Agent -c Release --ucr -p:PublishAot=true -p:NuGetLockFilePath=obj/native.lock.json \
    --artifacts-path .run/native/build --output .run/native/publish -v quiet -nologo >.run/publish.log 2>&1 </dev/null ||
    { grep -E 'error' .run/publish.log | sort -u >&2 || tail -n 20 .run/publish.log >&2; exit 1; }
  install -m 755 .run/native/publish/cozy-fleet-agent .run/native/cozy-fleet-agent
  echo "$inputs" >.run/native/inputs
fi
[ "$directory" = .run/native ] || install -m 755 .run/native/cozy-fleet-agent "$directory/cozy-fleet-agent"

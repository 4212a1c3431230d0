#!/usr/bin/env bash
# Makes the guest of the emulated machines in .run/vm: Debian's cloud kernel, and an initramfs whose first program hands over to the
# simulator's node program. Only when something it is made of changed.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .run/vm/loaders
cp /usr/lib/ipxe/{undionly.kpxe,snponly.efi} .run/vm/loaders/
# The arm64 guest does not change with the sources of the product.
if [ "${COZY_FLEET_VM_ALL:-}" = 1 ] && [ ! -s .run/vm/initramfs-arm64.gz ]; then
  tests/Vm/guest/build-arm64 .run/vm
fi
# Where DHCP names the agent as next-server, and where another server gives the addresses (RackNetwork.HostAddress).
if [ "${COZY_FLEET_VM_ALL:-}" = 1 ] && [ eng/grub-arm64.sh -nt .run/vm/loaders/grub-arm64-proxy.efi ]; then
  eng/grub-arm64.sh .run/vm/loaders/grub-arm64.efi
  eng/grub-arm64.sh .run/vm/loaders/grub-arm64-proxy.efi 10.77.0.1
fi
inputs=$(find src/Simulator src/Talos src/Pki src/Dhcp src/Tftp src/Primitives protos/talos tests/Vm/guest Directory.Packages.props Directory.Build.props \
  -type f -not -path '*/bin/*' -not -path '*/obj/*' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
if [ -s .run/vm/installer.gz ] && [ -s .run/vm/vmlinuz ] && [ "$(cat .run/vm/inputs 2>/dev/null)" = "$inputs" ]; then
  exit 0
fi
echo "fleet: building the guest of the emulated machines (some minutes, once)" >&2
# Beside the ordinary build, not in it: a native program is restored for its platform, which the lock files do not name.
dotnet publish src/Simulator -c Release -r linux-x64 -p:PublishAot=true -p:NuGetLockFilePath=obj/native.lock.json \
  --artifacts-path .run/vm/build --output .run/vm/publish -v quiet -nologo >.run/vm/publish.log 2>&1 ||
  { grep -E 'error' .run/vm/publish.log | sort -u >&2; exit 1; }
tests/Vm/guest/build .run/vm/publish/cozy-fleet-simulator .run/vm
echo "$inputs" >.run/vm/inputs

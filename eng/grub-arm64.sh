#!/usr/bin/env bash
# Makes the loader of arm64 machines out of Debian's GRUB: one EFI file for the agent's `ipxe.directory`, to be named in `ipxe.arm64`.
#   eng/grub-arm64.sh OUTPUT-FILE [AGENT]
# AGENT is the agent's address, with :PORT where that is not 80. Without it GRUB asks the host that DHCP names as next-server: right where the
# agent gives the addresses, and for any number of racks. Beside another DHCP server it must be given.
# Needs grub-common. docs/netboot.md, "arm64".
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: eng/grub-arm64.sh OUTPUT-FILE [AGENT]" >&2; exit 2; }
command -v grub-mkstandalone >/dev/null || { echo "grub-arm64: grub-mkstandalone is missing; install Debian's grub-common" >&2; exit 1; }
out=$(realpath -m "$1") agent=${2:-'$net_default_server'} here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source "$here/arm64-apt.sh"
arm64_apt "$work/apt"
unpack_arm64 "$work/packages" grub-efi-arm64-bin

# The card's address is all that GRUB can name: the agent knows which boot it belongs to. GRUB has the firmware's lease after PXE, and none
# after HTTP boot.
cat >"$work/grub.cfg" <<TEXT
if [ -z "\$net_default_mac" ]; then
  net_dhcp
fi
source (http,$agent)/boot/\$net_default_mac/grub.cfg
echo 'Cozy Fleet: no answer of the agent; starting over'
sleep 10
reboot
TEXT
modules="efinet http net normal configfile test echo sleep reboot gzio linux chain search search_fs_file part_gpt part_msdos fat"
mkdir -p "$(dirname "$out")"
grub-mkstandalone -O arm64-efi -d "$work/packages/usr/lib/grub/arm64-efi" -o "$work/grub.efi" --modules="$modules" --install-modules="$modules" \
  --locales= --themes= --fonts= "boot/grub/grub.cfg=$work/grub.cfg"
mv "$work/grub.efi" "$out"

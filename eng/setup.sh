# Installs what a command of ./fleet needs and the machine lacks. Sourced by ./fleet. Silent when nothing is missing.
# Each entry: Debian package, a file or program that it brings, and what it is for.

# The demo's machines are simulated and bring their own loaders: the .NET SDK is enough.
need_demo=()
need_lint=(
  "npm npm the package manager that brings buf"
)
need_publish=(
  "clang clang native compilation of the agent"
  "zlib1g-dev /usr/include/zlib.h native compilation of the agent"
)
need_vm=(
  "ipxe /usr/lib/ipxe/snponly.efi the network boot loaders that the agent hands out"
  "qemu-system-x86 qemu-system-x86_64 machines with real firmware"
  "ipxe-qemu /usr/lib/ipxe/qemu/pxe-virtio.rom the link ROMs of those machines"
  "ovmf /usr/share/OVMF/OVMF_CODE_4M.fd UEFI firmware"
  "iproute2 ip network namespaces"
  "busybox-static /usr/share/doc/busybox-static the first program in the machines' initramfs"
  "cpio cpio packs that initramfs"
  "binutils objcopy makes the unified kernel image that machines install"
  "systemd-boot-efi /usr/lib/systemd/boot/efi/linuxx64.efi.stub what a UEFI machine starts from its disk"
  "extlinux extlinux what a BIOS machine starts from its disk"
  "fdisk sfdisk partitions the machines' disks"
  "dnsmasq-base dnsmasq another DHCP server on the same wire"
  "kea-dhcp4-server kea-dhcp4 another DHCP server that knows nothing of booting"
  "isc-dhcp-relay dhcrelay a relay before the agent"
  "clang clang native compilation of the node program"
  "zlib1g-dev /usr/include/zlib.h native compilation of the node program"
)
need_bench=(
  "${need_publish[@]}"
  "iproute2 ip network namespaces"
  "dnsmasq-base dnsmasq a DHCP and TFTP server to compare with"
  "atftpd atftpd a TFTP server to compare with"
  "nginx-light nginx an HTTP server to compare with"
  "kea-dhcp4-server kea-dhcp4 a DHCP server to compare with"
  "kea-admin perfdhcp a crowd of DHCP clients"
  "atftp atftp a TFTP client that knows windows"
  "curl curl a TFTP and HTTP client"
)
# Besides what need_vm has, for the rows of `./fleet vm --all`.
need_vm_all=(
  "${need_vm[@]}"
  "qemu-system-arm qemu-system-aarch64 the arm64 machine"
  "qemu-efi-aarch64 /usr/share/AAVMF/AAVMF_CODE.fd its firmware"
  "binutils-aarch64-linux-gnu aarch64-linux-gnu-objcopy makes the unified kernel image that it boots"
  "grub-common grub-mkstandalone makes the GRUB that it boots"
)
need_test=(
  "${need_vm[@]}"
  "ipmitool ipmitool speaks to BMCs that know no Redfish"
  "openipmi ipmi_sim such a BMC, simulated"
  "openssl openssl a second opinion on every certificate"
  "udhcpc udhcpc a DHCP client"
  "isc-dhcp-client dhclient a DHCP client"
  "tftp-hpa /usr/share/doc/tftp-hpa a TFTP client"
  "atftp atftp a TFTP client"
  "curl curl an HTTP client"
)

has() {
  case "$1" in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
  esac
}

# setup demo|test|vm|vm_all|lint|publish|bench: after it everything is there, or it failed with one sentence that says what to run.
setup() {
  command -v dotnet >/dev/null || { echo "fleet: the .NET 10 SDK is missing: https://dot.net/download" >&2; return 1; }
  declare -p "need_$1" >/dev/null 2>&1 || { echo "fleet: setup knows demo, test, vm, vm_all, lint, publish and bench, not '$1'" >&2; return 2; }
  local -n entries="need_$1"
  local missing=() reasons=() entry package what reason
  for entry in "${entries[@]}"; do
    read -r package what reason <<<"$entry"
    has "$what" || { missing+=("$package"); reasons+=("$package: $reason"); }
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || {
      echo "fleet: $1 needs Debian packages and this is not root; run once: sudo apt-get install ${missing[*]}" >&2
      return 1
    }
    as_root=(sudo -n)
  fi
  printf "fleet: installing Debian's %s\n" "${reasons[@]}" >&2
  mkdir -p .run
  # The list of packages may be older than the archive, or not there at all.
  apt_install "${missing[@]}" || { "${as_root[@]}" apt-get update >>.run/apt.log 2>&1 && apt_install "${missing[@]}"; } || {
    tail -n 5 .run/apt.log >&2
    echo "fleet: the packages could not be installed; the whole output is in .run/apt.log" >&2
    return 1
  }
}

# Runs inside setup and uses its `as_root`.
apt_install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >.run/apt.log 2>&1 </dev/null
}

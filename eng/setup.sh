# Installs what a command of ./fleet needs and the machine lacks. Sourced by ./fleet. Quiet when nothing is missing.
# Each entry: Debian package, a file that it brings, and what it is for.

need_demo=(
  "ipxe /usr/lib/ipxe/undionly.kpxe the network boot loaders that the agent hands out"
)
need_lint=(
  "npm npm the package manager that brings buf"
)
need_vm=(
  "ipxe /usr/lib/ipxe/snponly.efi the network boot loaders that the agent hands out"
  "qemu-system-x86 qemu-system-x86_64 machines with real firmware"
  "ipxe-qemu /usr/lib/ipxe/qemu/pxe-virtio.rom the link ROMs of those machines"
  "ovmf /usr/share/OVMF/OVMF_CODE_4M.fd UEFI firmware"
  "iproute2 ip network namespaces"
  "busybox-static /usr/share/doc/busybox-static the first program in the machines' initramfs"
  "cpio cpio that initramfs"
  "clang clang native compilation of the node program"
  "zlib1g-dev /usr/include/zlib.h native compilation of the node program"
)
need_test=(
  "${need_vm[@]}"
  "openssl openssl a second opinion on every certificate"
  "udhcpc udhcpc a DHCP client"
  "isc-dhcp-client dhclient a DHCP client"
  "tftp-hpa /usr/share/doc/tftp-hpa a TFTP client"
  "atftp atftp a TFTP client"
  "curl curl an HTTP client"
  "dnsmasq-base dnsmasq another DHCP server on the same wire"
)

has() {
  case "$1" in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
  esac
}

# setup demo|lint|vm|test
setup() {
  local -n entries="need_$1"
  local missing=() entry package what reason
  for entry in "${entries[@]}"; do
    read -r package what reason <<<"$entry"
    has "$what" || { missing+=("$package"); echo "fleet: installing Debian's $package: $reason" >&2; }
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ]; then
    install_packages "${missing[@]}"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n bash -c "$(declare -f install_packages); install_packages \"\$@\"" install "${missing[@]}"
  elif [ "${missing[*]}" = ipxe ]; then
    unpack_ipxe
  else
    echo "fleet: not root. Run this once: sudo apt-get install ${missing[*]}" >&2
    return 1
  fi
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  local log=/tmp/fleet-apt.$$
  apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 || {
    # The list of packages may be older than the archive.
    apt-get update >>"$log" 2>&1
    apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 || { tail -n 5 "$log" >&2; return 1; }
  }
  rm -f "$log"
}

# Two files of one package do not need root: they are unpacked beside the other files of a run.
unpack_ipxe() {
  mkdir -p .run/ipxe
  [ -e .run/ipxe/usr/lib/ipxe/undionly.kpxe ] ||
    (cd .run/ipxe && apt-get download ipxe >/dev/null && dpkg -x ipxe_*.deb . && rm -f ipxe_*.deb)
  export COZY_FLEET_IPXE="$PWD/.run/ipxe/usr/lib/ipxe"
}

#!/bin/bash
# Behaves like Talos' imager: a profile on standard input, words on standard error, the result as a tar on standard output or in a directory.
# usage: imager.sh how version arch - --tar-to-stdout | --output DIRECTORY
set -eu
how=$1 version=$2 arch=$3
profile=$(cat)
echo "profile ready:" >&2
kind=$(sed -n 's/.*"kind": "\(.*\)",*/\1/p' <<<"$profile")
case $how in
  fails) echo "error pulling ghcr.io/siderolabs/zfs:2.1.14: not found" >&2; exit 3 ;;
  hangs) echo "pulling" >&2; trap 'echo "told to end" >&2; touch "$HANG_MARK"; exit 143' TERM; sleep 600 & wait $! ;;
esac
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
case $kind in
  kernel) name=kernel-$arch ;;
  initramfs) name=initramfs-metal-$arch.xz ;;
  *) name=$kind-$arch.tar ;;
esac
printf '%s %s %s\n' "$kind" "$version" "$(grep -c imageRef <<<"$profile")" >"$out/$name"
[ "$how" != two ] || echo more >"$out/more"
[ "$how" != empty ] || : >"$out/$name"
[ "$how" != none ] || rm "$out/$name"
echo "output asset path: $name" >&2
case $5 in
  --tar-to-stdout) if [ "$how" = torn ]; then tar -C "$out" -c . | head -c 700; else tar -C "$out" -c .; fi ;;
  --output) cp "$out"/* "$6"/ 2>/dev/null || true ;;
esac

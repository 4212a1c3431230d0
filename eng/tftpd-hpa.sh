#!/usr/bin/env bash
# Unpacks Debian's tftpd-hpa into .run/bench: installed, it would throw out atftpd.
set -euo pipefail
cd "$(dirname "$0")/.."
[ ! -x .run/bench/tftpd-hpa/usr/sbin/in.tftpd ] || exit 0
mkdir -p .run/bench/download
echo "fleet: fetching Debian's tftpd-hpa into .run/bench: a TFTP server to compare with" >&2
(cd .run/bench/download && apt-get -qq -o APT::Sandbox::User=root download tftpd-hpa && dpkg-deb -x tftpd-hpa_*.deb ../tftpd-hpa)

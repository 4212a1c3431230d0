# Debian's arm64 packages on a machine that is no arm64. Sourced.

# arm64_apt DIRECTORY: from then on `apt_arm64 COMMAND…` is apt-get or apt-cache with lists of its own in that directory, so that nothing of
# that architecture can be installed here.
arm64_apt() {
  mkdir -p "$1"/{lists,cache}
  arm64_options=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$1" -o Dir::State::lists="$1/lists"
    -o Dir::State::status=/dev/null -o Dir::Cache="$1/cache" -o APT::Sandbox::User=root)
  apt_arm64 apt-get update
}

apt_arm64() {
  "$1" "${arm64_options[@]}" "${@:2}"
}

# unpack_arm64 DIRECTORY PACKAGE…: their files, below that directory.
unpack_arm64() {
  local into=$1 debs package
  shift
  debs=$(mktemp -d)
  (cd "$debs" && apt_arm64 apt-get download "$@")
  for package in "$debs"/*.deb; do
    dpkg-deb -x "$package" "$into"
  done
  rm -rf "$debs"
}

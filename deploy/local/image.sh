#!/usr/bin/env bash
# Makes the image that images/NAME describes, unless it is in the cache, and prints where its OCI layout is.
#   usage: image.sh NAME
# A recipe says: packages (from Debian), inputs (files it depends on), config (of the image), assemble DIRECTORY (what is to be added).
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
. "$HERE/kubernetes.sh"
# shellcheck source=oci.sh
. "$HERE/oci.sh"
name=$1 packages=() inputs=() config=''
# shellcheck source=/dev/null
. "$HERE/images/$name"
hash=$(cat "$HERE/images/$name" "$HERE/image.sh" "$HERE/rootfs.sh" "$HERE/oci.sh" "${inputs[@]}" | sha256sum | cut -c1-16)
out=$CACHE/images/$name-$hash
if [ ! -f "$out/done" ]; then
  mkdir -p "$CACHE/images"
  exec 8>"$CACHE/images/lock"; flock 8
  if [ ! -f "$out/done" ]; then
    printf '  making image %s\n' "$name" >&2
    rm -rf "$out" "$out.new"; mkdir -p "$out.new/root"
    if [ ${#packages[@]} -gt 0 ]; then "$HERE/rootfs.sh" "$out.new/root" "${packages[@]}"; fi
    assemble "$out.new/root"
    layer "$out.new/root" "$out.new/layer.tar"
    rm -rf "$out.new/root"
    layout "localhost/kublambda/$name:dev" "$config" "$out.new" "$out.new/layer.tar"
    rm "$out.new/layer.tar"
    touch "$out.new/done"
    # One of each: the older go.
    find "$CACHE/images" -maxdepth 1 -regex ".*/$name-[0-9a-f]*" -exec rm -rf {} +
    mv "$out.new" "$out"
  fi
fi
printf '%s\n' "$out"

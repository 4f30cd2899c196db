#!/usr/bin/env bash
# Makes the image that images/NAME describes, unless it is in the cache, and prints where its OCI layout is.
#   usage: image.sh NAME
# A recipe says: packages (from Debian), inputs (files it depends on), parent (another recipe, whose layers come first),
# config (of the image), and assemble DIRECTORY, which adds what is not from Debian.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
. "$HERE/kubernetes.sh"
# shellcheck source=oci.sh
. "$HERE/oci.sh"
name=$1 packages=() inputs=() parent='' config=''
# shellcheck source=/dev/null
. "$HERE/images/$name"
below=''; [ -z "$parent" ] || below=$("$0" "$parent")
hash=$(cat "$HERE/images/$name" "$HERE/image.sh" "$HERE/rootfs.sh" "$HERE/oci.sh" ${below:+"$below/digests"} "${inputs[@]}" | sha256sum | cut -c1-16)
out=$CACHE/images/$name-$hash

make_image() {
  printf '  making image %s\n' "$name" >&2
  rm -rf "$out" "$out.new"; mkdir -p "$out.new/root"
  if [ ${#packages[@]} -gt 0 ]; then "$HERE/rootfs.sh" "$out.new/root" "${packages[@]}"; fi
  assemble "$out.new/root"
  layer "$out.new/root" "$out.new/layer.tar"
  rm -rf "$out.new/root"
  layout "localhost/kublambda/$name:dev" "$config" "$out.new" ${below:+$(layers_of "$below")} "$out.new/layer.tar"
  rm "$out.new/layer.tar"
  # What no checkout asked for in the last day goes.
  find "$CACHE/images" -mindepth 1 -maxdepth 1 -type d -mmin +1440 -exec rm -rf {} +
  mv "$out.new" "$out" # the name comes last: what has it is complete
}

if [ ! -d "$out" ]; then
  mkdir -p "$CACHE/images"
  exec 8>"$CACHE/images/lock"; flock 8
  [ -d "$out" ] || make_image
fi
touch "$out"
printf '%s\n' "$out"

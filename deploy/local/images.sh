#!/usr/bin/env bash
# Makes all images into the cache.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
"$HERE/packages.sh" node
"$HERE/kubernetes.sh"
mapfile -t services < <(cd "$ROOT/services" && printf '%s\n' */ | tr -d /)
mapfile -t runtimes < <(cd "$HERE/images" && printf '%s\n' runtime-*)
for name in pause dns rabbitmq registry buildah "${runtimes[@]}" "${services[@]}"; do
  step "image $name" "$HERE/image.sh" "$name"
done

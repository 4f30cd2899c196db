#!/usr/bin/env bash
# Sees to it that containerd holds these images, in the version that the recipes make now.
#   usage: load.sh NAME...
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
for name in "$@"; do
  layout=$("$HERE/image.sh" "$name")
  "$HERE/import.sh" "localhost/kublambda/$name:dev" "$layout"
done

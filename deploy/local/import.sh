#!/usr/bin/env bash
# Imports an OCI layout into containerd, unless the very image is there. containerd itself is asked, no stamp.
#   usage: import.sh REFERENCE LAYOUT
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
reference=$1 layout=$2
read -r manifest <"$layout/digests"
present() { ctr images ls "name==$reference" | awk 'NR == 2 {print $3}'; }
[ "$(present)" != "$manifest" ] || exit 0
printf '  importing %s\n' "$reference"
tar -C "$layout" -cf - oci-layout index.json blobs | ctr images import - >/dev/null
[ "$(present)" = "$manifest" ] || die "containerd has $reference as $(present), not as $manifest"

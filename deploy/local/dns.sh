#!/usr/bin/env bash
# Cluster DNS as a workload, on the node's own network: it needs the machine's resolver, which may be on loopback.
# It comes up while other steps go on; `up` waits for it later.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
"$HERE/load.sh" dns
kubectl apply -f "$HERE/dns.yaml" >/dev/null

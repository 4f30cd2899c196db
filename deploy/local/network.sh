#!/usr/bin/env bash
# The pod network: one bridge, whose address is the node's, and two rules of our own. kube-proxy adds the rest.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

setting() { # what it was before is remembered for `down`
  mkdir -p "$STATE/sysctl"
  [ "$(cat "/proc/sys/$1")" = "$2" ] || { cat "/proc/sys/$1" >"$STATE/sysctl/${1//\//.}"; echo "$2" >"/proc/sys/$1"; }
}
setting net/ipv4/ip_forward 1
setting net/bridge/bridge-nf-call-iptables 1

ip link show "$BRIDGE" >/dev/null 2>&1 || ip link add "$BRIDGE" type bridge
ip addr replace "$NODE_IP/24" dev "$BRIDGE"
ip link set "$BRIDGE" up
# What is addressed to a service that has no endpoints never leaves the machine.
ip route replace "$SERVICE_RANGE" dev "$BRIDGE"

rule() { iptables -w 10 -t "$1" -C "${@:2}" -m comment --comment "$COMMENT" 2>/dev/null || iptables -w 10 -t "$1" -I "${@:2}" -m comment --comment "$COMMENT"; }
COMMENT=kublambda-local
rule nat POSTROUTING -s "$POD_RANGE" ! -d "$POD_RANGE" ! -o "$BRIDGE" -j MASQUERADE
# A firewall that drops what it does not know must not cut pods off from the API server and from each other.
rule filter INPUT -i "$BRIDGE" -j ACCEPT
rule filter FORWARD -i "$BRIDGE" -j ACCEPT
rule filter FORWARD -o "$BRIDGE" -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT
rule filter FORWARD -i "$BRIDGE" -o "$BRIDGE" -j ACCEPT

mkdir -p "$STATE/cni"
cat >"$STATE/cni/10-kublambda.conflist" <<J
{"cniVersion": "0.4.0", "name": "kublambda", "plugins": [{"type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$STATE/ipam", "ranges": [[{"subnet": "$POD_RANGE", "rangeStart": "10.244.0.2"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
J

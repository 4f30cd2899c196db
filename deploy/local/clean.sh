#!/usr/bin/env bash
# Removes what the node left in the kernel, one kind at a time, and only its own.
#   usage: clean.sh processes|mounts|network|cgroups...
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# The processes of the node, then those of its pods, which are known by their cgroup.
processes() {
  local pids
  for _ in $(seq 100); do
    pids=$({ grep -slz "^$MARK=keep-" /proc/[0-9]*/environ || true; } | cut -d/ -f3)
    pids+=" $(marked_pids) $(pod_pids)"
    pids=$(xargs <<<"$pids")
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null || true
    sleep .1
  done
  die "these processes do not end: $pids"
}
pod_pids() { find /sys/fs/cgroup -path "*/$CGROUP/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u || true; }

# Below the state directory lie the mounts of containers, of volumes, and of the pods' network namespaces.
mounts() {
  local mount
  awk -v d="$STATE/" 'index($2, d) == 1 {print $2}' /proc/mounts | sort -ru | while read -r mount; do umount -l "$mount" 2>/dev/null || true; done
}

network() {
  ip link del "$BRIDGE" 2>/dev/null || true # the route goes with it
  local tables t
  for tables in iptables ip6tables; do
    for t in nat filter mangle; do
      { "$tables" -w 10 -t "$t" -S 2>/dev/null || true; } | removal "$t" | "$tables-restore" -w 10 --noflush 2>/dev/null || true
    done
  done
  local f
  for f in "$STATE"/sysctl/*; do [ ! -e "$f" ] || { cat "$f" >"/proc/sys/$(basename "$f" | tr . /)"; rm "$f"; }; done
}
# The rules that are ours by their comment, and, unless another node runs here, kube-proxy's chains with what leads into them.
removal() {
  local kube='^KUBE-'; [ -z "$(foreign_pids kubelet kube-proxy)" ] || kube='^$'
  awk -v table="$1" -v kube="$kube" '
    BEGIN { print "*" table }
    $1 == "-N" && $2 ~ kube { chains = chains "\n:" $2 " - [0:0]"; ends = ends "\n-X " $2 }
    $1 == "-A" && /--comment "?kublambda-local"?( |$)/ { $1 = "-D"; print; next }
    $1 == "-A" && $2 !~ kube { for (i = 3; i < NF; i++) if ($i == "-j" && $(i + 1) ~ kube) { $1 = "-D"; print; next } }
    END { print chains ends "\nCOMMIT" }'
}
cgroups() { find /sys/fs/cgroup -depth -type d \( -path "*/$CGROUP" -o -path "*/$CGROUP/*" \) -exec rmdir {} + 2>/dev/null || true; }

for part in "$@"; do "$part"; done

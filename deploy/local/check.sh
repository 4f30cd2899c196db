#!/usr/bin/env bash
# Says what this machine lacks to run a node, one line each. Exits 0 where nothing is missing, else 3.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
missing=()
lack() { missing+=("$1"); }
# Before the packages are installed there may be nothing to load a module with: then it is asked again afterwards.
load() { ! type -P modprobe >/dev/null || modprobe "$1" 2>/dev/null; }

if [ "$(id -u)" -ne 0 ]; then
  lack 'root: containers, networks and mounts are made by root (run with sudo)'
else
  unshare --mount --net true 2>/dev/null || lack 'CAP_SYS_ADMIN: this container may not make namespaces (run it privileged, or on a machine)'
  grep -qw overlay /proc/filesystems || load overlay || lack 'overlayfs: the kernel has no overlay file system (modprobe overlay)'
  if type -P ip >/dev/null; then
    if ip link add kublambda-check type bridge 2>/dev/null; then ip link del kublambda-check; else lack 'bridge: the kernel makes no network bridge (modprobe bridge), or CAP_NET_ADMIN is missing'; fi
    if ip link add kublambda-v0 type veth peer name kublambda-v1 2>/dev/null; then ip link del kublambda-v0; else lack 'veth: the kernel makes no pairs of virtual interfaces (modprobe veth)'; fi
  fi
  [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || load br_netfilter || lack 'br_netfilter: bridged packets do not pass iptables (modprobe br_netfilter)'
  if type -P iptables >/dev/null; then iptables -w 5 -t nat -S >/dev/null 2>&1 || lack 'iptables: the nat table cannot be read (kernel without netfilter, or CAP_NET_ADMIN is missing)'; fi
  for c in cpu memory pids; do
    grep -qw "$c" /sys/fs/cgroup/cgroup.controllers 2>/dev/null || grep -qw "$c" <(awk '$4 == 1 {print $1}' /proc/cgroups 2>/dev/null) ||
      lack "cgroup $c: the controller is not enabled (see /proc/cgroups, /sys/fs/cgroup)"
  done
  ! type -P pgrep >/dev/null || for pid in $(foreign_pids kubelet); do
    lack "another kubelet runs here (pid $pid): two nodes cannot share one machine's iptables"
  done
fi
[ "$(uname -m)" = x86_64 ] || [ "$(uname -m)" = aarch64 ] || lack "$(uname -m): untested processor architecture"
[ ${#missing[@]} -eq 0 ] && exit 0
say 'This machine cannot run the local cluster:'
printf '  - %s\n' "${missing[@]}"
exit 3

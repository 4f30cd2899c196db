# shellcheck shell=bash disable=SC2034
# Every name, path and address of the local cluster, in one place. Sourced, never run.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)

# One node per machine, whichever checkout started it: its state lies in a fixed place.
STATE=/var/lib/kublambda-local
PKI=$STATE/pki
SOCKET=$STATE/containerd.sock
LOCK=/run/lock/kublambda-local.lock

# What is slow to make is kept outside the repository, for later runs and other checkouts.
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kublambda

# Debian's source package carries this version (its client is the only part shipped as a binary).
KUBERNETES=1.20.2

# The bridge's own address is the node's. Nothing of the cluster listens on another interface.
BRIDGE=kublambda0
NODE_NAME=local
NODE_IP=10.244.0.1
POD_RANGE=10.244.0.0/24
SERVICE_RANGE=10.96.0.0/16
DNS_IP=10.96.0.10
API=https://$NODE_IP:6443
ETCD=http://127.0.0.1:12379
# Where nodes pull from. Manifests say localhost:5000; containerd is told that this is meant.
REGISTRY_NODE_PORT=30500

# Every process of the node carries KUBLAMBDA_NODE=<name> in its environment: that, not a pid file, says whose it is.
MARK=KUBLAMBDA_NODE

# All pods live under this cgroup, so that theirs can be told from other people's.
CGROUP=kublambda

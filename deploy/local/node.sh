#!/usr/bin/env bash
# containerd, kubelet, kube-proxy.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
BIN=$(kubernetes_bin)

# containerd that was killed together with its shims left mounts and records of containers that no longer run. Without the
# mounts and the run-time state it finds what it finds after a reboot, which it knows how to repair.
if ! pid_of containerd >/dev/null && ! pgrep -f "containerd-shim.* -address $SOCKET( |\$)" >/dev/null; then
  "$HERE/clean.sh" mounts
  rm -rf "$STATE/containerd/state" "$STATE/ipam"
fi

# The parent of all pods' cgroups, in every hierarchy (v1) or the one (v2).
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p "/sys/fs/cgroup/$CGROUP"
  for c in $(xargs </sys/fs/cgroup/cgroup.controllers); do echo "+$c" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true; done
else
  awk '$3 == "cgroup" {print $2}' /proc/mounts | while read -r hierarchy; do mkdir -p "$hierarchy/$CGROUP"; done
fi

# restrict_oom_score_adj: some machines allow no score below the parent's.
cat >"$STATE/containerd.toml" <<T
version = 2
root = "$STATE/containerd/root"
state = "$STATE/containerd/state"
[grpc]
  address = "$SOCKET"
[plugins."io.containerd.internal.v1.opt"]
  path = "$STATE/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/kublambda/pause:dev"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$(snapshotter)"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."localhost:5000"]
    endpoint = ["http://127.0.0.1:$REGISTRY_NODE_PORT"]
T
run containerd containerd --config "$STATE/containerd.toml"
within 20 ctr version || { kill -9 "$(pid_of containerd)" || true; within 20 ctr version; } || die "containerd does not answer, see $STATE/log/containerd.log"
"$HERE/load.sh" pause

# The image garbage collector would take images that no registry has.
cat >"$STATE/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP
cgroupsPerQOS: true
enforceNodeAllocatable: []
failSwapOn: false
clusterDNS: [$DNS_IP]
clusterDomain: cluster.local
evictionHard: {nodefs.available: "1%", imagefs.available: "1%", memory.available: "100Mi"}
imageGCHighThresholdPercent: 100
readOnlyPort: 0
healthzBindAddress: 127.0.0.1
healthzPort: 10248
serializeImagePulls: false
tlsCertFile: $PKI/kubelet.crt
tlsPrivateKeyFile: $PKI/kubelet.key
maxPods: 240
kubeAPIQPS: 50
kubeAPIBurst: 100
Y
run kubelet "$BIN/kubelet" --config="$STATE/kubelet.yaml" --kubeconfig="$PKI/kubelet.kubeconfig" --hostname-override="$NODE_NAME" --node-ip="$NODE_IP" \
  --container-runtime=remote --container-runtime-endpoint="unix://$SOCKET" --root-dir="$STATE/kubelet" --cert-dir="$STATE/kubelet-pki" \
  --log-dir="$STATE/log" --volume-plugin-dir="$STATE/volume-plugins"
# Node ports answer on loopback only: a developer's machine offers nothing to its network.
run kube-proxy "$BIN/kube-proxy" --kubeconfig="$PKI/proxy.kubeconfig" --hostname-override="$NODE_NAME" --cluster-cidr="$POD_RANGE" --proxy-mode=iptables \
  --nodeport-addresses=127.0.0.0/8 --conntrack-max-per-core=0 --healthz-bind-address=127.0.0.1:10256 --metrics-bind-address=127.0.0.1:10249

ready() { kubectl get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null | grep -qx True && curl -fs --max-time 2 http://127.0.0.1:10248/healthz; }
within 30 ready || { kill -9 "$(pid_of kubelet)" || true; within 30 ready; } || die "the node does not become ready, see $STATE/log/kubelet.log"
within 20 curl -fs --max-time 2 http://127.0.0.1:10256/healthz || die "kube-proxy is not well, see $STATE/log/kube-proxy.log"

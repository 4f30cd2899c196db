#!/usr/bin/env bash
# etcd, API server, controller manager, scheduler.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
BIN=$(kubernetes_bin)

answers() { curl -fs --max-time 2 --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" "$1"; }
healthy() { # name seconds url: a process that hangs is killed once, and has the seconds to come back
  within 20 answers "$3" && return 0
  kill -9 "$(pid_of "$1")" 2>/dev/null || true
  within "$2" answers "$3"
}

# Nothing here is worth an fsync: `up` makes it all again.
start_etcd() {
  run etcd etcd --name local --data-dir "$STATE/etcd" --listen-client-urls "$ETCD" --advertise-client-urls "$ETCD" \
    --listen-peer-urls http://127.0.0.1:12380 --unsafe-no-fsync --log-level warn --auto-compaction-retention=1 --quota-backend-bytes=4294967296
}
start_etcd
if ! healthy etcd 15 "$ETCD/health"; then
  say '  etcd does not come up with the data of an earlier run: starting with an empty cluster'
  "$HERE/down" --keep-certificates >/dev/null
  "$HERE/network.sh"
  start_etcd
  healthy etcd 15 "$ETCD/health" || die "etcd does not start, see $STATE/log/etcd.log"
fi

# --kubelet-preferred-address-types makes logs, exec and port-forward work without DNS.
run kube-apiserver "$BIN/kube-apiserver" --etcd-servers="$ETCD" --bind-address="$NODE_IP" --advertise-address="$NODE_IP" --secure-port=6443 \
  --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" --client-ca-file="$PKI/ca.crt" \
  --service-account-key-file="$PKI/sa.pub" --service-account-signing-key-file="$PKI/sa.key" \
  --service-account-issuer=https://kubernetes.default.svc --api-audiences=https://kubernetes.default.svc \
  --service-cluster-ip-range="$SERVICE_RANGE" --authorization-mode=Node,RBAC --allow-privileged=true --kubelet-preferred-address-types=InternalIP \
  --kubelet-client-certificate="$PKI/admin.crt" --kubelet-client-key="$PKI/admin.key" \
  --requestheader-client-ca-file="$PKI/ca.crt" --requestheader-allowed-names=front-proxy-client \
  --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group --requestheader-username-headers=X-Remote-User \
  --proxy-client-cert-file="$PKI/front-proxy.crt" --proxy-client-key-file="$PKI/front-proxy.key" --enable-aggregator-routing=true
healthy kube-apiserver 60 "$API/readyz" || die "the API server does not become ready, see $STATE/log/kube-apiserver.log"

# The autoscaler looks often, and forgets soon, so that one need not wait for it on a developer's machine.
run kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig="$PKI/controller-manager.kubeconfig" --authentication-kubeconfig="$PKI/controller-manager.kubeconfig" \
  --authorization-kubeconfig="$PKI/controller-manager.kubeconfig" --service-account-private-key-file="$PKI/sa.key" --root-ca-file="$PKI/ca.crt" \
  --use-service-account-credentials --leader-elect=false --bind-address=127.0.0.1 --port=0 --cluster-cidr="$POD_RANGE" \
  --horizontal-pod-autoscaler-sync-period=5s --horizontal-pod-autoscaler-downscale-stabilization=20s --kube-api-qps=100 --kube-api-burst=200
run kube-scheduler "$BIN/kube-scheduler" --kubeconfig="$PKI/scheduler.kubeconfig" --leader-elect=false --bind-address=127.0.0.1 --port=0

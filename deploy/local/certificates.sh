#!/usr/bin/env bash
# Makes the certificates and kubeconfigs of the node, unless good ones are there: made by this recipe, valid for 30 days more.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
recipe=$(sha256sum <"$0" | cut -c1-12)
if [ "$(cat "$PKI/recipe" 2>/dev/null)" = "$recipe" ] && openssl x509 -checkend 2592000 -noout -in "$PKI/apiserver.crt" >/dev/null 2>&1; then exit 0; fi

new=$STATE/pki.new; rm -rf "$new"; mkdir -p "$new"; chmod 700 "$STATE" "$new"; cd "$new"
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
# The keys of the authority and of tokens are kept, so that what runs keeps trusting: only the certificates are new.
cp "$PKI"/{ca,sa}.key . 2>/dev/null || { openssl ecparam -genkey -name prime256v1 -noout -out ca.key; openssl genrsa -out sa.key 2048 2>/dev/null; }
openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
openssl req -x509 -key ca.key -out ca.crt -subj /CN=kublambda-local -days 3650
certificate() { # name subject [subjectAltName]
  openssl req "${key[@]}" -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out "$1.crt" \
    -extfile <(printf 'extendedKeyUsage=clientAuth,serverAuth\n%s\n' "${3:+subjectAltName=$3}") 2>/dev/null
}
certificate apiserver /CN=kube-apiserver "IP:$NODE_IP,IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
certificate admin /O=system:masters/CN=admin
certificate controller-manager /CN=system:kube-controller-manager
certificate scheduler /CN=system:kube-scheduler
certificate kubelet "/O=system:nodes/CN=system:node:$NODE_NAME" "IP:$NODE_IP,IP:127.0.0.1,DNS:$NODE_NAME"
certificate proxy /CN=system:kube-proxy
certificate front-proxy /CN=front-proxy-client
for who in admin controller-manager scheduler kubelet proxy; do
  cat >"$who.kubeconfig" <<Y
apiVersion: v1
kind: Config
clusters: [{name: kublambda-local, cluster: {server: "$API", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $who, user: {client-certificate-data: $(base64 -w0 $who.crt), client-key-data: $(base64 -w0 $who.key)}}]
contexts: [{name: kublambda-local, context: {cluster: kublambda-local, user: $who}}]
current-context: kublambda-local
Y
done
chmod 600 ./*.key ./*.kubeconfig; rm -f ./*.csr
echo "$recipe" >recipe

# All that runs was started with the old ones.
stop kube-proxy kubelet kube-scheduler kube-controller-manager kube-apiserver
rm -rf "$PKI"; mv "$new" "$PKI"
cp "$PKI/admin.kubeconfig" "$STATE/admin.kubeconfig"

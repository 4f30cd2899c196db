#!/usr/bin/env bash
# Installs Kublambda on the local cluster and runs the sample.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
mapfile -t services < <(cd services && printf '%s\n' */ | tr -d /)
mapfile -t runtimes < <(cd deploy/local/images && printf '%s\n' runtime-*)
mapfile -t toolchains < <(cd deploy/local/images && printf '%s\n' toolchain-*)

images() { "$HERE/load.sh" "$@"; }
storage() { # name uid, for deploy/overlays/local/volumes.yaml; RabbitMQ refuses a cookie that others can read
  install -d -m 700 -o "$2" -g "$2" "$STATE/data/$1"
}
manifests() {
  storage rabbitmq 999; storage registry 65532
  # A volume whose claim was deleted is bound to that one for ever; its directory is what counts.
  kubectl get persistentvolumes -o 'go-template={{range .items}}{{if eq .status.phase "Released"}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}' |
    { grep -x 'kublambda-.*' || true; } | while read -r volume; do kubectl delete persistentvolume "$volume"; done
  local log; log=$(mktemp)
  # Warnings of newer kubectl about words that only older ones know are no news.
  kubectl apply -k deploy/overlays/local >"$log" 2>&1 || { grep -v '^# Warning' "$log" >&2; die 'the manifests cannot be applied'; }
  awk '$2 == "created" || $2 == "configured" {n[$2]++} END {for (k in n) print "  " n[k] " objects " k}' "$log"; rm -f "$log"
}
runtime() { # name: sees to it that the registry has the image
  local name=$1 layout reference=127.0.0.1:$REGISTRY_NODE_PORT/kublambda/$1:dev
  layout=$("$HERE/image.sh" "$name")
  there() { curl -fsI --max-time 5 -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://${reference%%/*}/v2/kublambda/$name/manifests/dev" | tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" {print $2}'; }
  [ "$(there || true)" != "$(head -n 1 "$layout/digests")" ] || return 0
  "$HERE/import.sh" "localhost/kublambda/$name:dev" "$layout"
  say "  pushing $reference"
  # A connection that kube-proxy (up to 1.22) takes between two of its tables is never answered: no try may last long.
  push() { CTR_SECONDS=20 ctr images push --plain-http "$reference" "localhost/kublambda/$name:dev"; }
  within 60 push || push
}
runtimes() { "$HERE/rollout.sh" kublambda-system deployment/registry; local name; for name in "$@"; do runtime "$name"; done; }
rollouts() {
  "$HERE/rollout.sh" kube-system deployment/dns
  # The watcher is no service of its own: it runs beside the Lambdas that have resource triggers.
  local resident=() service namespace name
  for service in "${services[@]}"; do [ "$service" = watcher ] || resident+=("deployment/$service"); done
  "$HERE/rollout.sh" kublambda-system statefulset/rabbitmq deployment/registry "${resident[@]}"
  kubectl get deployments --all-namespaces -l app.kubernetes.io/component=watcher --no-headers -o custom-columns=:.metadata.namespace,:.metadata.name |
    while read -r namespace name; do "$HERE/rollout.sh" "$namespace" "deployment/$name" || true; done
}
sample() {
  kubectl apply -k deploy/samples/hello >/dev/null
  kubectl wait --for=condition=Ready lambda/hello --timeout=180s >/dev/null ||
    { kubectl get lambda hello -o 'jsonpath={range .status.conditions[*]}  {.type}={.status} {.reason}: {.message}{"\n"}{end}' >&2; die 'the Lambda hello does not become Ready'; }
  local url; url=$(kubectl get lambda hello -o 'jsonpath={.status.url}')
  within 10 curl -fsS --max-time 5 "$url" || true
  say "  $url answers: $(curl -fsS --max-time 5 "$url")"
}

step 'images of the infrastructure' images rabbitmq registry buildah
step 'images of the services' images "${services[@]}"
step 'manifests' manifests
step 'authorities and registries for builds' "$HERE/surroundings.sh"
step 'runtime images' runtimes "${runtimes[@]}"
step 'rollouts' rollouts
step 'toolchain images' images "${toolchains[@]}"
step 'Lambda hello' sample

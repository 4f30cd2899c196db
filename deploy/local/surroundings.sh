#!/usr/bin/env bash
# Hands this machine's authorities, proxies and package registries to builds, as a company's installation would: a ConfigMap and a Secret in
# the build namespace (settings Build__TrustBundle and Build__EnvironmentSecret). They come from the machine's own configuration, of which no
# file of the repository knows.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
namespace=kublambda-builds
directory=$(mktemp -d); trap 'rm -rf "$directory"' EXIT

put() { [ -z "$2" ] || printf '%s' "$2" >"$directory/$1"; } # a file for each variable: values are on no command line
for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy PIP_INDEX_URL PIP_EXTRA_INDEX_URL npm_config_registry; do
  put "$name" "${!name:-}"
done
if type -P npm >/dev/null && [ ! -e "$directory/npm_config_registry" ]; then put npm_config_registry "$(npm config get registry 2>/dev/null || true)"; fi
if type -P pip >/dev/null && [ ! -e "$directory/PIP_INDEX_URL" ]; then put PIP_INDEX_URL "$(pip config get global.index-url 2>/dev/null || true)"; fi
# NuGet has no variable for its source, but MSBuild takes a property from one.
if type -P dotnet >/dev/null; then put RestoreSources "$(dotnet nuget list source --format short 2>/dev/null | sed -n 's/^E //p' | paste -sd ';')"; fi

apply() { kubectl -n "$namespace" create "$@" --dry-run=client -o yaml | kubectl apply -f - >/dev/null; }
apply secret generic kublambda-build-environment --from-file="$directory"
bundle=/etc/ssl/certs/ca-certificates.crt
[ -s "$bundle" ] || { say "  this machine has no $bundle: builds trust nobody"; bundle=/dev/null; }
# Applied, it would lie in an annotation too, which is too small for it.
kubectl -n "$namespace" create configmap kublambda-trust --from-file=ca-certificates.crt="$bundle" --dry-run=client -o yaml | kubectl -n "$namespace" replace --force -f - >/dev/null 2>&1 ||
  kubectl -n "$namespace" create configmap kublambda-trust --from-file=ca-certificates.crt="$bundle" >/dev/null

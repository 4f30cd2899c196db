#!/usr/bin/env bash
# Builds the Kubernetes binaries from Debian's own source package `kubernetes`, once: three to five minutes on two cores.
# Sourced, it only says where they are (KUBERNETES_BIN).
set -euo pipefail
# shellcheck source=settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# The recipe is part of the name: a changed recipe is another build, and no half-finished one ever has the name.
KUBERNETES_BIN=$CACHE/kubernetes-$KUBERNETES-$(sha256sum <"${BASH_SOURCE[0]}" | cut -c1-12)
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0
[ ! -d "$KUBERNETES_BIN" ] || exit 0

mkdir -p "$CACHE/build"
exec 8>"$CACHE/build/lock"; flock 8 # two checkouts, one build
[ ! -d "$KUBERNETES_BIN" ] || exit 0
work=$CACHE/build tree=$CACHE/build/kubernetes-$KUBERNETES
echo "  building Kubernetes $KUBERNETES in $work (minutes the first time)"

# The machine's own Debian sources with the source packages switched on: no mirror is named here.
lists=$work/apt-lists; rm -rf "$lists" "$work/sources.d"; mkdir -p "$lists/partial" "$work/sources.d"
for f in /etc/apt/sources.list.d/*.sources; do [ ! -e "$f" ] || sed 's/^Types:.*/Types: deb-src/' "$f" >"$work/sources.d/${f##*/}"; done
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do [ ! -e "$f" ] || sed -n 's/^deb /deb-src /p' "$f" >"$work/sources.d/${f##*/}"; done
if [ -e "$work/sources.d/sources.list" ]; then mv "$work/sources.d/sources.list" "$work/sources.d/main.list"; fi
apt=(-o APT::Sandbox::User=root -o Dir::State::Lists="$lists" -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources.d")
apt-get "${apt[@]}" -qq update
(cd "$work" && apt-get "${apt[@]}" -qq source --download-only kubernetes)
rm -rf "$tree"
tar -C "$work" -xzf "$work"/kubernetes_*really"$KUBERNETES"*.orig.tar.gz

# Kubernetes 1.20 builds in GOPATH mode, with the vendored tree that the source package carries.
export PATH=/usr/lib/go-1.19/bin:$PATH GOPATH=$work/gopath GOCACHE=$work/gocache GO111MODULE=off GOFLAGS='' CGO_ENABLED=0
rm -rf "$GOPATH"; mkdir -p "$GOPATH/src/k8s.io"; ln -s "$tree" "$GOPATH/src/k8s.io/kubernetes"
cd "$GOPATH/src/k8s.io/kubernetes"

# reflect2 1.0.1 knows the layout of maps in the Go of 2020 only. Compiled with Go 1.19 it reads them wrongly, and the API
# server and kubectl crash now and then. Debian's 1.0.2 asks the runtime instead.
rm -rf vendor/github.com/modern-go/reflect2
cp -r /usr/share/gocode/src/github.com/modern-go/reflect2 vendor/github.com/modern-go/

# One generated file is not in the source package: the API server's OpenAPI definitions.
go build -o "$work/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen
dirs=$(grep -rl --include=*.go '+k8s:openapi-gen=true' staging/src/k8s.io pkg vendor/k8s.io | grep -v zz_gen | xargs -n1 dirname | sort -u |
  sed -e 's#^staging/src/#k8s.io/kubernetes/vendor/#' -e 's#^vendor/#k8s.io/kubernetes/vendor/#' -e 's#^pkg#k8s.io/kubernetes/pkg#' | sort -u |
  grep -vE 'code-generator|sample-|examples|kube-openapi/(test|pkg/generators|cmd)' | paste -sd,)
"$work/openapi-gen" --logtostderr -i "$dirs" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
  -h hack/boilerplate/boilerplate.generatego.txt -r "$work/openapi-violations.txt"

# The servers read their version from one package, kubectl from the other.
stamp="-s -w"
for v in k8s.io/kubernetes/vendor/k8s.io/{component-base,client-go/pkg}/version; do
  stamp+=" -X $v.gitVersion=v$KUBERNETES -X $v.gitMajor=1 -X $v.gitMinor=20"
done
go install -trimpath -ldflags "$stamp" \
  k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kubelet,kube-proxy,kubectl}

# The pause container holds a pod's namespaces and does nothing else.
mkdir -p "$work/pause"
cat >"$work/pause/main.go" <<'GO'
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for s := range c {
		if s != syscall.SIGCHLD {
			return
		}
		for {
			if pid, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 {
				break
			}
		}
	}
	os.Exit(0)
}
GO
go build -trimpath -ldflags '-s -w' -o "$GOPATH/bin/pause" "$work/pause/main.go"

# Ready only when complete: the directory gets its name last. Old builds go, unless a node of another checkout may still use them.
find "$CACHE" -maxdepth 1 -name 'kubernetes-*' -mtime +14 -exec rm -rf {} +
mv "$GOPATH/bin" "$KUBERNETES_BIN"
rm -rf "$tree" "$GOPATH"

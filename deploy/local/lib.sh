# shellcheck shell=bash
# What the scripts of the local cluster share: progress lines, finding and running the node's processes. Sourced.
# shellcheck source=settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# step TITLE COMMAND...: runs it, prints the title and the seconds it took; its own lines appear indented.
step() {
  local title=$1 start=${EPOCHREALTIME/[.,]/} code=0; shift
  printf '%s ...\n' "$title"
  "$@" || code=$?
  local ms=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
  if [ "$code" -ne 0 ]; then printf '%s: FAILED after %d.%d s\n' "$title" $((ms / 1000)) $((ms % 1000 / 100)) >&2; return "$code"; fi
  printf '%s: %d.%d s\n' "$title" $((ms / 1000)) $((ms % 1000 / 100))
}

# within SECONDS COMMAND...: tries every 100 ms until it succeeds.
within() {
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do [ "$SECONDS" -lt "$end" ] || return 1; sleep .1; done
}

# The pid of the node's process NAME, or failure. Pids are used again, so the process itself is asked.
pid_of() {
  local pid; pid=$(cat "$STATE/run/$1.pid" 2>/dev/null) || return 1
  grep -qzx "$MARK=$1" "/proc/$pid/environ" 2>/dev/null && printf '%s\n' "$pid"
}

# Every process that carries the mark (kernel threads have no environment; races with exits are harmless).
marked_pids() { { grep -slz "^$MARK=" /proc/[0-9]*/environ || true; } | cut -d/ -f3; }

# Processes of these names that are not this node's. A process that was killed and not yet reaped has no executable any more.
foreign_pids() {
  local pid
  for pid in $(printf '%s\n' "$@" | xargs -n 1 pgrep -x || true); do
    if readlink "/proc/$pid/exe" >/dev/null 2>&1 && ! grep -qz "^$MARK=" "/proc/$pid/environ"; then echo "$pid"; fi
  done
}

# stop NAME...: the supervisors first, so that they start nothing again.
stop() {
  local name pid pids=()
  for name in "${@/#/keep-}" "$@"; do
    pid=$(pid_of "$name") || continue
    kill "$pid" 2>/dev/null || true
    pids+=("$pid")
  done
  for pid in "${pids[@]}"; do within 3 gone "$pid" || kill -9 "$pid" 2>/dev/null || true; done
}
gone() { ! readlink "/proc/$1/exe"; }

# run NAME COMMAND...: sees to it that exactly this command runs under supervision. Started anew if the command changed.
run() {
  local name=$1; shift
  if pid_of "keep-$name" >/dev/null && [ "$(cat "$STATE/run/$name.command" 2>/dev/null)" = "$*" ]; then return 0; fi
  stop "$name"
  mkdir -p "$STATE/run" "$STATE/log"
  env "$MARK=keep-$name" setsid "$HERE/keep" "$name" "$@" </dev/null >/dev/null 2>&1 9>&- &
  disown
  printf '%s' "$*" >"$STATE/run/$name.command"
}

kubernetes_bin() { . "$HERE/kubernetes.sh"; printf '%s\n' "$KUBERNETES_BIN"; }
# The machine's own kubectl where there is one, else the one that was built.
kubectl() {
  if [ -z "${KUBECTL:-}" ]; then KUBECTL=$(type -P kubectl || printf '%s/kubectl' "$(kubernetes_bin)"); fi
  "$KUBECTL" --kubeconfig "$STATE/admin.kubeconfig" "$@"
}
# Where /var/lib is itself an overlay (a container's own file system) no other can be laid over it: then layers are copied.
snapshotter() { if [ "$(stat -f -c %T "$STATE")" = overlayfs ]; then echo native; else echo overlayfs; fi; }
ctr() { CONTAINERD_SNAPSHOTTER=$(snapshotter) timeout "${CTR_SECONDS:-300}" ctr --address "$SOCKET" --namespace k8s.io "$@"; }

#!/usr/bin/env bash
# Compiles the services into artifacts/publish, unless that was done from the same sources.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
sources=$(find services lib contracts runtimes/dotnet Directory.Build.props Directory.Packages.props global.json .editorconfig deploy/images/services.proj "$0" -type f ! -path '*/bin/*' ! -path '*/obj/*' | sort | xargs sha256sum | sha256sum)
stamp=artifacts/publish/sources
[ "$(cat "$stamp" 2>/dev/null)" != "$sources" ] || exit 0
type -P dotnet >/dev/null || die 'dotnet is not there: install the .NET SDK 10'
printf '  compiling the services\n' >&2
rm -rf artifacts/publish; mkdir -p artifacts
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
exec 8>&- 9>&- # the compiler's server outlives this script, and would keep its callers' locks
for target in Restore Publish; do
  dotnet msbuild deploy/images/services.proj -t:$target -m -v:quiet -nologo >artifacts/publish.log 2>&1 || { tail -30 artifacts/publish.log >&2; die 'the services do not compile'; }
done
printf '%s\n' "$sources" >"$stamp"

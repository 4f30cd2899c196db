# shellcheck shell=bash
# Makes OCI images out of directories, the same bytes for the same files: that is how an unchanged image is known. Sourced.

# layer DIRECTORY TAR: a layer of all that lies below the directory, owned by root.
layer() {
  tar -C "$1" --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 --format=gnu -cf "$2" .
}

# layout REFERENCE CONFIG DIRECTORY LAYER...: an OCI layout. CONFIG is the inside of the image config's "config" object; a LAYER
# is a tar file or a blob of another layout. Beside it lies `digests`: the manifest's and the config's.
layout() {
  local reference=$1 config=$2 d=$3; shift 3
  local blobs=$d/blobs/sha256 layers='' diffs='' history='' one digest manifest configuration
  mkdir -p "$blobs"
  for one in "$@"; do
    digest=${one##*/}; [[ $digest =~ ^[0-9a-f]{64}$ ]] || digest=$(sha256sum <"$one" | cut -d' ' -f1)
    ln "$one" "$blobs/$digest" 2>/dev/null || cp "$one" "$blobs/$digest"
    layers+=${layers:+,}"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:$digest\",\"size\":$(stat -c %s "$one")}"
    diffs+=${diffs:+,}"\"sha256:$digest\""
    # One entry for each layer: Kaniko's --reproducible falls over an image that has fewer.
    history+=${history:+,}'{"created":"1970-01-01T00:00:00Z","created_by":"deploy/local/image.sh"}'
  done
  configuration=$(blob application/vnd.oci.image.config.v1+json \
    '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{%s},"rootfs":{"type":"layers","diff_ids":[%s]},"history":[%s]}' \
    "$(dpkg --print-architecture)" "$config" "$diffs" "$history")
  manifest=$(blob application/vnd.oci.image.manifest.v1+json \
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{%s},"layers":[%s]}' "$configuration" "$layers")
  printf '{"schemaVersion":2,"manifests":[{%s,"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
    "$manifest" "$reference" "${reference##*:}" >"$d/index.json"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$d/oci-layout"
  printf '%s\n' "$manifest" "$configuration" | sed 's/.*"digest":"\([^"]*\)".*/\1/' >"$d/digests"
}
# blob MEDIA-TYPE FORMAT ARGUMENT...: stores the text, prints the inside of its descriptor.
blob() {
  local type=$1 new=$blobs/new digest; shift
  # shellcheck disable=SC2059 # the format is the point
  printf "$@" >"$new"
  digest=$(sha256sum <"$new" | cut -d' ' -f1)
  printf '"mediaType":"%s","digest":"sha256:%s","size":%s' "$type" "$digest" "$(stat -c %s "$new")"
  mv "$new" "$blobs/$digest"
}
# layers_of LAYOUT: the blobs of its layers, lowest first.
layers_of() {
  local manifest; manifest=$(head -n 1 "$1/digests")
  sed 's/.*"layers"://' "$1/blobs/sha256/${manifest#sha256:}" | grep -o 'sha256:[0-9a-f]*' | sed "s,sha256:,$1/blobs/sha256/,"
}

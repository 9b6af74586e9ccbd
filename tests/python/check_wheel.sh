#!/bin/bash
# Installs a wheel into a fresh environment of each Python that is here, and uses it: check_wheel.sh WHEEL WRITE_MODELS
set -euo pipefail
wheel=$(realpath "$1") write_models=$(realpath "$2") here=$(dirname "$(realpath "$0")")
size=$(stat -c %s "$wheel")
if ((size > 10 * 1024 * 1024)); then
  echo "$wheel has $size bytes, more than 10 MiB" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
"$write_models" "$work/models"
for python in python3 python3.{9..14} python3.{13,14}t; do
  command -v $python >/dev/null && $python -c 'import venv' 2>/dev/null || continue
  $python -m venv "$work/$python"
  "$work/$python/bin/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
  (cd "$work"
   export PATH="$work/$python/bin:$PATH"
   bertune --version >/dev/null
   python "$here/test_package.py" "$work/models"
   python "$here/check_page.py" "$work/models")
  echo "$python: $("$work/$python/bin/python" --version) uses $(basename "$wheel")"
done

#!/usr/bin/env bash
# Installs the tarball and the Debian package in an empty Debian 12, one after the other, and uses them there.
#   check.sh WORK PACKAGE.deb TARBALL MODEL TEXTS     as root; WORK is a folder for all that, which keeps the empty system
# Prints sizes and times.
set -euo pipefail
work=$1 deb=$2 tarball=$3 model=$4 texts=$5
root=$work/root

fail() { echo "packages: $*" >&2; exit 1; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
megabytes() { awk "BEGIN { printf \"%.1f MB\", $1 / 1e6 }"; }

# The empty system: made once, and laid out anew each time.
if [[ ! -e $work/empty.tar ]]; then
  mkdir -p "$work"
  debootstrap --variant=minbase bookworm "$work/new" >"$work/debootstrap.log" || fail "no empty system: $work/debootstrap.log"
  tar -C "$work/new" -cf "$work/empty.tar.part" .
  rm -rf "$work/new"
  mv "$work/empty.tar.part" "$work/empty.tar"
fi
rm -rf "$root"
mkdir "$root"
tar -C "$root" -xf "$work/empty.tar"
cp -rL "$model" "$root/model"
cp "$texts" "$root/texts.txt"
cp /etc/resolv.conf "$root/etc/"
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"

# The predictions of a program of the empty system.
predictions() { inside "$1" predict --model /model /texts.txt --threads 1 --silent; }

echo "== $(basename "$tarball"): $(megabytes "$(stat -c %s "$tarball")")"
SECONDS=0
tar -C "$root/opt" -xf "$tarball"
program=/$(cd "$root" && echo opt/bertune-*/bin/bertune)
echo "unpacked: $(megabytes "$(du -sb "$root${program%/bin/bertune}" | cut -f1)") in $SECONDS s"
inside "$program" --version
predictions "$program" >"$work/tarball.jsonl"
[[ -s $root${program%/bin/bertune}/share/bertune/models/small-bert/model.safetensors ]] || fail "no model comes along"
[[ $(wc -l <"$work/tarball.jsonl") == $(wc -l <"$texts") ]] || fail "$program predicts $(wc -l <"$work/tarball.jsonl") rows"
inside "$program" export /model --output /exported >/dev/null
[[ -s $root/exported/onnx/model.onnx ]] || fail "no export"
needed=$(objdump -p "$root$program" | awk '/NEEDED/ { print $2 }' | sort | tr '\n' ' ')
[[ $needed == "ld-linux-x86-64.so.2 libc.so.6 libgcc_s.so.1 libm.so.6 " ]] || fail "the program of the tarball needs $needed"
newest=$(objdump -T "$root$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
echo "newest symbol: $newest"
[[ $(printf '%s\nGLIBC_2.34\n' "$newest" | sort -V | tail -1) == GLIBC_2.34 ]] || fail "needs $newest"

# A processor without AVX, of 2008. Its results are those of the tables for x86-64-v2 here.
if command -v qemu-x86_64 >/dev/null; then
  qemu-x86_64 -cpu Nehalem -L "$root" "$root$program" --version | grep -q 'kernels x86_64_v2' || fail "Nehalem runs other kernels"
  qemu-x86_64 -cpu Nehalem -L "$root" "$root$program" predict --model "$root/model" "$texts" --threads 1 --silent >"$work/nehalem.jsonl"
  BERTUNE_ISA=x86_64_v2 "$root$program" predict --model "$root/model" "$texts" --threads 1 --silent | cmp - "$work/nehalem.jsonl" ||
    fail "Nehalem predicts otherwise"
  echo "runs on a Nehalem"
else
  echo "no qemu-x86_64 here: a processor without AVX is not tried"
fi
rm -rf "$root${program%/bin/bertune}"

echo "== $(basename "$deb"): $(megabytes "$(stat -c %s "$deb")")"
if command -v lintian >/dev/null; then lintian --allow-root --fail-on error "$deb" || fail "lintian finds errors"; fi
inside apt-get update -qq
before=$(du -sb "$root/usr" | cut -f1)
cp "$deb" "$root/bertune.deb"
SECONDS=0
inside apt-get install -qq -y --no-install-recommends /bertune.deb >"$work/install.log" 2>&1 || fail "cannot be installed: $work/install.log"
echo "installed in $SECONDS s: $(megabytes $(($(du -sb "$root/usr" | cut -f1) - before))) with $(grep -c '^Setting up' "$work/install.log") packages"
predictions bertune | cmp - "$work/tarball.jsonl" || fail "the package predicts other than the tarball"
for file in /usr/share/man/man1/bertune.1.gz /usr/share/man/man1/bertune-train.1.gz /usr/share/zsh/vendor-completions/_bertune \
  /usr/share/fish/vendor_completions.d/bertune.fish /usr/share/applications/bertune-studio.desktop /usr/share/bertune/models/small-bert/model.safetensors /lib/systemd/system/bertune.service /etc/default/bertune; do
  [[ -s $root$file ]] || fail "$file is missing"
done
inside bash -n /usr/share/bash-completion/completions/bertune
[[ -z $(find "$root/etc/systemd" -name 'bertune*') ]] || fail "the server is switched on"
chroot "$root" bertune serve /model --port 0 >"$work/serve.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in {1..300}; do
  if grep -q READY "$work/serve.log" || ! kill -0 $server 2>/dev/null; then break; fi
  sleep 0.2
done
grep -q READY "$work/serve.log" || fail "the server does not start: $work/serve.log"
exec 3<>"/dev/tcp/127.0.0.1/$(sed -n 's,^READY http://[^:]*:\([0-9]*\).*,\1,p' "$work/serve.log")"
printf 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
head -1 <&3 | grep -q ' 200 ' || fail "the server is not ready"
exec 3>&-
kill $server
wait $server || fail "the server does not end with 0"
echo "serves"
inside apt-get purge -qq -y bertune >/dev/null 2>&1
left=$(cd "$root" && find . -xdev -name '*bertune*' ! -name bertune.deb ! -path './var/*' ! -path './root/*' ! -path './model/*')
[[ -z $left ]] || fail "left behind: $left"
echo "removed"
rm -rf "$root"

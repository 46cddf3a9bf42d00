#!/bin/sh
# Puts the programs that a job needs into a folder: kstack and Terraform, exactly as kstack.lock.hcl pins them.
#
#   KSTACK_URL=<where kstack is downloaded from> sh pipeline/setup.sh FOLDER
#
# What is downloaded is used only if it has the digest of the lock file, so it does not matter which way it came. What the
# machine has already is not downloaded: a kstack with that digest, a Terraform of that version.
set -eu

folder=$1
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "error: $1" >&2
  exit 1
}

# What the block `tool "$1"` of the lock file has for `$2`; nothing for null.
pinned() {
  awk -v tool="\"$1\"" -v key="$2" '
    $1 == "tool" { inside = ($2 == tool) }
    $1 == "}" { inside = 0 }
    inside && $1 == key && $3 != "null" { gsub(/"/, "", $3); print $3 }
  ' kstack.lock.hcl
}

digest() {
  echo "sha256:$(sha256sum "$1" | cut -d ' ' -f 1)"
}

# Downloads `$2` to the file `$3`, which must have the digest that the lock file has for the tool `$1`.
fetch() {
  curl --fail --silent --show-error --location --retry 3 --output "$3" "$2" || fail "cannot download $1 from $2"
  wanted=$(pinned "$1" digest)
  found=$(digest "$3")
  [ -n "$wanted" ] || fail "kstack.lock.hcl has no digest for $1: what $2 gives has $found. \
Compare that with what its publisher says, and write it into kstack.lock.hcl"
  [ "$found" = "$wanted" ] || fail "what $2 gives has the digest $found; kstack.lock.hcl wants $wanted for $1"
}

kstack=$(command -v kstack || true)
if [ -n "$kstack" ] && [ "$(digest "$kstack")" = "$(pinned kstack digest)" ]; then
  echo "kstack: $kstack"
else
  [ -n "${KSTACK_URL:-}" ] || fail "set KSTACK_URL, a variable of the repository, to where kstack is downloaded from"
  fetch kstack "$KSTACK_URL" "$work/kstack"
  chmod +x "$work/kstack"
  mv "$work/kstack" "$folder/kstack"
  echo "kstack: from $KSTACK_URL"
fi

version=$(pinned terraform version)
if terraform version 2>/dev/null | grep -qxF "Terraform v$version"; then
  echo "terraform: $(command -v terraform)"
else
  url="$(pinned terraform source)terraform_${version}_linux_amd64.zip"
  fetch terraform "$url" "$work/terraform.zip"
  unzip -q -o "$work/terraform.zip" terraform -d "$folder"
  echo "terraform: from $url"
fi

#!/usr/bin/env bash
# A Vulkan device in software (SwiftShader, from Debian's chromium-common), for the tests of WebGPU on a machine without a GPU.
#
#   scripts/software-vulkan.sh [FOLDER]    # default: ~/.cache/asyncdiff-vulkan
#
# Prints the path of its driver file, for VK_DRIVER_FILES. Takes what is installed; else fetches the package with apt-get (32 MB, once) and unpacks
# it in FOLDER: nothing is installed, and root is not needed. Prints nothing, says why on stderr and ends with 1 where it cannot be had.
set -uo pipefail

driver=vk_swiftshader_icd.json
installed=/usr/lib/chromium/$driver
kept=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/asyncdiff-vulkan}

give() { printf '%s\n' "$1"; exit 0; }
refuse() { printf 'no Vulkan device in software: %s\n' "$1" >&2; exit 1; }

[ -f "$installed" ] && give "$installed"
[ -f "$kept/$driver" ] && give "$kept/$driver"
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || refuse 'chromium-common is taken for Linux x64 only'
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || refuse 'there is no apt-get to fetch chromium-common with'

work=$(mktemp -d) || refuse 'no temporary folder'
trap 'rm -rf "$work"' EXIT
cd "$work" || refuse 'no temporary folder'
fetch() { timeout 40 apt-get -o Acquire::Retries=0 -o Acquire::http::Timeout=10 download chromium-common; }
# Where apt knows no packages yet it has to read the lists first, which root alone may.
fetch >log 2>&1 || { timeout 40 apt-get -o Acquire::Retries=0 update >>log 2>&1 && fetch >>log 2>&1; } ||
  refuse "chromium-common cannot be fetched ($(tail -n 1 log))"
dpkg-deb --extract ./chromium-common_*.deb unpacked || refuse 'chromium-common cannot be unpacked'
# The device, and the loader that finds it.
mkdir -p "$kept" && cd "unpacked${installed%/*}" && cp libvk_swiftshader.so libvulkan.so.1 "$kept" && cp "$driver" "$kept" ||
  refuse "chromium-common has no $driver"
give "$kept/$driver"

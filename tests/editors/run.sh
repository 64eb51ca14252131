#!/usr/bin/env bash
# The editor tests: check, test and package the extension, install it into a real VS Code, and use it there.
# Needs `dspyc` on the PATH, node 20 with npm, and Debian's packages (as root or with sudo) for a first run.
#   DSPYC_EDITORS_CACHE   where everything is installed and built (default .cache/editors)
#   DSPYC_EDITORS_PARTS   what is tried: language, typing, prompt, tests, debug (default: all)
#   DSPYC_EDITORS_OUTPUT  where the screenshots go (default output/ in the cache)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${DSPYC_EDITORS_CACHE:-$root/.cache/editors}
output=${DSPYC_EDITORS_OUTPUT:-$cache/output}
port=${DSPYC_EDITORS_PORT:-$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")}
server=$(command -v dspyc) || { echo "dspyc is not on the PATH" >&2; exit 1; }

step() { printf '%4d s  %s\n' "$SECONDS" "$*"; }

step "installing the editor into $cache"
bash "$here/setup.sh" "$cache"
mkdir -p "$output"

step "building the extension"
build=$cache/extension
mkdir -p "$build"
tar -C "$root/editors/vscode" --exclude=node_modules --exclude=dist --exclude=out -cf - . | tar -C "$build" -xf -
cd "$build"
if ! cmp -s package-lock.json node_modules/.lock; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.lock
fi
npm run --silent check
npm run --silent test
npm run --silent package >"$output/package.log" || { cat "$output/package.log"; exit 1; }

step "starting VS Code"
PATH="$cache/node-bin:$PATH"
data=$cache/data
rm -rf "$data"
mkdir -p "$data/user/User" "$data/extensions"
cp -r "$here/workspace" "$data/workspace"
mkdir -p "$data/workspace/.venv/bin"
ln -s "$server" "$data/workspace/.venv/bin/dspyc"
cp "$here/settings.json" "$data/user/User/settings.json"
code=(node "$cache/node_modules/code-server" --user-data-dir "$data/user" --extensions-dir "$data/extensions")
"${code[@]}" --install-extension "$build/dspyc.vsix" >"$output/install.log" 2>&1 || { cat "$output/install.log"; exit 1; }
"${code[@]}" --auth none --bind-addr "127.0.0.1:$port" --disable-telemetry --disable-update-check \
    --disable-workspace-trust --disable-getting-started-override "$data/workspace" >"$output/vscode.log" 2>&1 &
editor=$!
trap 'kill "$editor" 2>/dev/null || true' EXIT
for _ in $(seq 120); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    kill -0 "$editor" 2>/dev/null || { cat "$output/vscode.log"; exit 1; }
    sleep 0.25
done

step "using it"
NODE_PATH=$cache/node_modules node "$here/vscode.cjs" "http://127.0.0.1:$port/?folder=$data/workspace" "$output" "$data/workspace" ${DSPYC_EDITORS_PARTS:-}
step "done; screenshots are in $output"

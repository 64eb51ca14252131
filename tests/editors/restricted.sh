#!/usr/bin/env bash
# The extension in a workspace that nobody trusts, in a real VS Code: nothing of it runs; then trusted, by its lenses.
# Needs what run.sh needs; builds the extension where run.sh has not.
#   DSPYC_EDITORS_CACHE   where everything is installed and built (default .cache/editors)
#   DSPYC_EDITORS_OUTPUT  where the screenshots go (default output/ in the cache)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${DSPYC_EDITORS_CACHE:-$root/.cache/editors}
output=${DSPYC_EDITORS_OUTPUT:-$cache/output}
port=$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
server=$(command -v dspyc) || { echo "dspyc is not on the PATH" >&2; exit 1; }

step() { printf '%4d s  %s\n' "$SECONDS" "$*"; }

bash "$here/setup.sh" "$cache"
mkdir -p "$output"
build=$cache/extension
if ! [ -e "$build/dspyc.vsix" ]; then
    step "building the extension"
    mkdir -p "$build"
    tar -C "$root/editors/vscode" --exclude=node_modules --exclude=dist --exclude=out -cf - . | tar -C "$build" -xf -
    (cd "$build" && { [ -e node_modules ] || npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; })
    (cd "$build" && npm run --silent package >"$output/package.log") || { cat "$output/package.log"; exit 1; }
fi

step "starting VS Code"
PATH="$cache/node-bin:$PATH"
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
mkdir -p "$data/user/User" "$data/extensions" "$data/ran"
cp -r "$here/workspace" "$data/workspace"
# What is run leaves a trace: the module that the program imports, and the command of the workspace's environment.
printf 'from pathlib import Path\n\nPath(%s).touch()\n' "'$data/ran/python'" >>"$data/workspace/tools.py"
mkdir -p "$data/workspace/.venv/bin"
printf '#!/bin/sh\ntouch "%s/ran/command"\nexec "%s" "$@"\n' "$data" "$server" >"$data/workspace/.venv/bin/dspyc"
chmod +x "$data/workspace/.venv/bin/dspyc"
mkdir -p "$data/workspace/.vscode"
printf '{"dspyc.path": "%s"}\n' "$data/workspace/.venv/bin/dspyc" >"$data/workspace/.vscode/settings.json"
# The setting is one of the machine, so it is read from there where the editor's own machine is another one.
mkdir -p "$data/user/Machine"
printf '{"dspyc.path": "%s"}\n' "$server" >"$data/user/Machine/settings.json"
sed 's/"security.workspace.trust.enabled": false/"security.workspace.trust.startupPrompt": "never"/' \
    "$here/settings.json" >"$data/user/User/settings.json"
code=(node "$cache/node_modules/code-server" --user-data-dir "$data/user" --extensions-dir "$data/extensions")
"${code[@]}" --install-extension "$build/dspyc.vsix" >"$output/install-restricted.log" 2>&1 || { cat "$output/install-restricted.log"; exit 1; }
"${code[@]}" --auth none --bind-addr "127.0.0.1:$port" --disable-telemetry --disable-update-check \
    --disable-getting-started-override "$data/workspace" >"$output/restricted.log" 2>&1 &
editor=$!
trap 'kill "$editor" 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in $(seq 240); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    kill -0 "$editor" 2>/dev/null || { cat "$output/restricted.log"; exit 1; }
    sleep 0.25
done

step "using it"
NODE_PATH=$cache/node_modules node "$here/restricted.cjs" "http://127.0.0.1:$port/?folder=$data/workspace" "$output" "$data/ran"
step "done; screenshots are in $output"

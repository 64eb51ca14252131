# What the scripts for VS Code share, which source it: the extension, built, in a VS Code that serves one workspace.
# shellcheck shell=bash
#   DSPYC_EDITORS_CACHE   where everything is installed and built (default .cache/editors)
#   DSPYC_EDITORS_OUTPUT  where the screenshots go (default output/ in the cache)
#   DSPYC_EDITORS_PORT    where VS Code listens (default: any port that is free)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${DSPYC_EDITORS_CACHE:-$root/.cache/editors}
output=${DSPYC_EDITORS_OUTPUT:-$cache/output}
build=$cache/extension
port=${DSPYC_EDITORS_PORT:-$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")}
server=$(command -v dspyc) || { echo "dspyc is not on the PATH" >&2; exit 1; }
export DSPYC_SOURCES=$root PYTHON=${server%/*}/python
export NODE_PATH=$cache/node_modules

step() { printf '%4d s  %s\n' "$SECONDS" "$*"; }

# A command whose output is only of interest where it fails: quietly LOG COMMAND…
quietly() {
    local log=$output/$1
    shift
    "$@" >"$log" 2>&1 || { cat "$log"; return 1; }
}

# Install the editor, and copy the extension's sources to where it is built, with the packages that it needs.
prepare() {
    step "installing the editor into $cache"
    bash "$here/setup.sh" "$cache"
    mkdir -p "$output" "$build"
    step "building the extension"
    tar -C "$root/editors/vscode" --exclude=node_modules --exclude=dist --exclude=out -cf - . | tar -C "$build" -xf -
    cd "$build"
    if ! cmp -s package-lock.json node_modules/.lock; then
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
        cp package-lock.json node_modules/.lock
    fi
}

# A copy of the workspace in a folder of its own, $data, which goes with the script. The editor there trusts nothing by itself.
untrusted() {
    data=$(mktemp -d)
    trap 'kill "${editor:-}" 2>/dev/null || true; rm -rf "$data"' EXIT
    mkdir -p "$data/user/User" "$data/user/Machine"
    cp -r "$here/workspace" "$data/workspace"
    sed 's/"security.workspace.trust.enabled": false/"security.workspace.trust.startupPrompt": "never"/' \
        "$here/settings.json" >"$data/user/User/settings.json"
}

# Start VS Code, with the extension: serve DATA_FOLDER OPTIONS… ; user/ and workspace/ of the folder are there already.
serve() {
    step "starting VS Code"
    local data=$1
    shift
    PATH="$cache/node-bin:$PATH"
    mkdir -p "$data/extensions"
    local code=(node "$cache/node_modules/code-server" --user-data-dir "$data/user" --extensions-dir "$data/extensions")
    quietly install.log "${code[@]}" --install-extension "$build/dspyc.vsix"
    "${code[@]}" --auth none --bind-addr "127.0.0.1:$port" --disable-telemetry --disable-update-check \
        --disable-getting-started-override "$@" "$data/workspace" >"$output/vscode.log" 2>&1 &
    editor=$!
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "$editor" 2>/dev/null || { cat "$output/vscode.log"; return 1; }
        sleep 0.25
    done
    address="http://127.0.0.1:$port/?folder=$data/workspace"
    step "using it"
}

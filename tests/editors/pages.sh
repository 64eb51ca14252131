#!/usr/bin/env bash
# The tests of pages in Chromium: `dspyc ui` and the playground, used and looked at, with an audit of accessibility.
# Needs `dspyc` and its Python on the PATH, node 20 with npm, and Chromium (see setup.sh).
#   DSPYC_EDITORS_CACHE   where everything is installed (default .cache/editors)
#   DSPYC_EDITORS_OUTPUT  where the screenshots go (default output/ in the cache)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${DSPYC_EDITORS_CACHE:-$root/.cache/editors}
output=${DSPYC_EDITORS_OUTPUT:-$cache/output}
server=$(command -v dspyc) || { echo "dspyc is not on the PATH" >&2; exit 1; }
python=$(dirname "$server")/python

step() { printf '%4d s  %s\n' "$SECONDS" "$*"; }

bash "$here/setup.sh" "$cache"
mkdir -p "$output"
if ! [ -e "$cache/pages/node_modules/axe-core" ]; then
    mkdir -p "$cache/pages"
    echo '{"private": true}' >"$cache/pages/package.json"
    (cd "$cache/pages" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error axe-core@4.14.1)
fi
export NODE_PATH="$cache/node_modules:$cache/pages/node_modules"
CHROMIUM=$(command -v chromium)
export CHROMIUM

folder=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT

# The address that a server in the background has printed into a file.
address() {
    for _ in $(seq 200); do
        grep -om1 'http://[^ ]*' "$1" && return
        sleep 0.1
    done
    cat "$1" >&2
    return 1
}

step "dspyc ui"
mkdir "$folder/runs"
"$python" "$here/pages.py" "$folder/runs"
"$server" ui "$folder/runs" 2>"$folder/ui.log" &
started+=($!)
node "$here/ui.cjs" "$(address "$folder/ui.log")" "$output" "$folder/runs"

step "building the playground"
make --no-print-directory -C "$root" playground VENV="$(dirname "$(dirname "$python")")"
"$python" -u -m http.server 0 --bind 127.0.0.1 --directory "$root/editors/web/dist" >"$folder/web.log" 2>&1 &
started+=($!)
step "using it"
node "$here/playground.cjs" "$(address "$folder/web.log" | tr -d '()')" "$output"
step "done; screenshots are in $output"

#!/usr/bin/env bash
# The editor tests: check, test and package the extension, install it into a real VS Code, and use it there.
# Needs `dspyc` on the PATH, node 20 with npm, and Debian's packages (as root or with sudo) for a first run.
#   DSPYC_EDITORS_PARTS   what is tried: language, typing, prompt, tests, debug, stopping (default: all); others: common.sh
set -euo pipefail
# shellcheck source=tests/editors/common.sh
source "$(dirname "$0")/common.sh"

prepare
npm run --silent check
npm run --silent test
quietly package.log npm run --silent package

data=$cache/data
rm -rf "$data"
mkdir -p "$data/user/User"
cp -r "$here/workspace" "$data/workspace"
mkdir -p "$data/workspace/.venv/bin"
ln -s "$server" "$data/workspace/.venv/bin/dspyc"
cp "$here/settings.json" "$data/user/User/settings.json"
trap 'kill "${editor:-}" 2>/dev/null || true' EXIT
serve "$data" --disable-workspace-trust
node "$here/vscode.cjs" "$address" "$output" "$data/workspace" ${DSPYC_EDITORS_PARTS:-}
step "done; screenshots are in $output"

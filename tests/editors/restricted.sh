#!/usr/bin/env bash
# The extension in a workspace that nobody trusts, in a real VS Code: nothing of it runs; then trusted, by its lenses.
# Needs what run.sh needs, and takes the same variables.
set -euo pipefail
# shellcheck source=tests/editors/common.sh
source "$(dirname "$0")/common.sh"

prepare
quietly package.log npm run --silent package:only

untrusted
mkdir "$data/ran"
# What is run leaves a trace: the module that the program imports, and the command of the workspace's environment.
printf 'from pathlib import Path\n\nPath(%s).touch()\n' "'$data/ran/python'" >>"$data/workspace/tools.py"
mkdir -p "$data/workspace/.venv/bin"
printf '#!/bin/sh\ntouch "%s/ran/command"\nexec "%s" "$@"\n' "$data" "$server" >"$data/workspace/.venv/bin/dspyc"
chmod +x "$data/workspace/.venv/bin/dspyc"
mkdir -p "$data/workspace/.vscode"
printf '{"dspyc.path": "%s"}\n' "$data/workspace/.venv/bin/dspyc" >"$data/workspace/.vscode/settings.json"
# The setting is one of the machine, so it is read from there where the editor's own machine is another one.
printf '{"dspyc.path": "%s"}\n' "$server" >"$data/user/Machine/settings.json"
serve "$data"
node "$here/restricted.cjs" "$address" "$output" "$data/ran"
step "done; screenshots are in $output"

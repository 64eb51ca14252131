#!/usr/bin/env bash
# A new user's first minute, in a real VS Code: a workspace without an environment, and no dspyc on the PATH. The
# workspace is trusted, and the extension's button installs dspyc. Needs what run.sh needs, and takes its variables.
#   DSPYC_REAL_WHEEL      if set, dspyc itself is installed, with all that it needs, and not what leads to it
set -euo pipefail
# shellcheck source=tests/editors/common.sh
source "$(dirname "$0")/common.sh"

# A wheel whose command leads to the dspyc that is tested, so that nothing else has to be installed: stand_in FILE
stand_in() {
    python3 - "$1" "$server" <<'PYTHON'
import sys
import zipfile

path, server = sys.argv[1:]
info = "dspyc-0.1.0.dist-info"
files = {
    "leads_to_dspyc.py": f"import os, sys\n\ndef main():\n    os.execv({server!r}, [{server!r}, *sys.argv[1:]])\n",
    f"{info}/METADATA": "Metadata-Version: 2.1\nName: dspyc\nVersion: 0.1.0\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{info}/entry_points.txt": "[console_scripts]\ndspyc = leads_to_dspyc:main\n",
}
with zipfile.ZipFile(path, "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
    wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))
PYTHON
}

prepare
untrusted
if [ -n "${DSPYC_REAL_WHEEL:-}" ]; then
    quietly package.log npm run --silent package
else
    quietly package.log npm run --silent package:only
    stand_in "$data/dspyc-0.1.0-py3-none-any.whl"
    printf '{"dspyc.package": "%s"}\n' "$data/dspyc-0.1.0-py3-none-any.whl" >"$data/user/Machine/settings.json"
fi
python=$(python3 -c 'import sys; print(sys.base_prefix)')/bin
PATH=$python:$(echo "$PATH" | tr : '\n' | while read -r folder; do [ -e "$folder/dspyc" ] || echo "$folder"; done | paste -sd:)
serve "$data"
node "$here/fresh.cjs" "$address" "$output" "$data/workspace"
step "done; screenshots are in $output"

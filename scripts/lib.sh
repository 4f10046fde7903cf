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
        fail "This needs root, and there is no sudo: $*" "Run the same as root, or install sudo (apt-get install sudo, as root) and allow this user to use it."
    fi
}

# Fills `privileged` with what goes before a command of Vivier itself, which mounts, sets firewall rules and speaks to the
# engine: nothing as root, sudo otherwise, with this environment's settings by their names (values would show in `ps`).
privileged=()
need_privileges() {
    [ "$(id -u)" -ne 0 ] || return 0
    has sudo || as_root vivierd
    local names
    names=$(compgen -e | grep -E '^(VIVIER_.*|DOCKER_HOST|TMPDIR|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|npm_config_.*|(https?|no)_proxy|(HTTPS?|NO)_PROXY)$' | paste -sd, || true)
    # shellcheck disable=SC2034
    privileged=(sudo ${names:+"--preserve-env=$names"} env "PATH=$PATH")
}

installed() { dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

# packages NAME…: installs the Debian packages that are missing.
packages() {
    local missing=() name
    for name in "$@"; do installed "$name" || missing+=("$name"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    has apt-get || fail "These packages are missing, and this is no Debian or Ubuntu: ${missing[*]}" "Install them with your system's package manager, then run this again."
    say "Installing Debian packages: ${missing[*]}"
    as_root apt-get update -qq >/dev/null ||
        fail "apt-get could not read its package lists." "Look at its messages above and at /etc/apt/sources.list and /etc/apt/sources.list.d; 'apt-get update' must work."
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install: ${missing[*]}" "Its messages are above. Run 'apt-get install ${missing[*]}' by hand, mend what it says, then run this again."
}

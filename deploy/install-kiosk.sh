#!/usr/bin/env bash
# Makes a kiosk of a Raspberry Pi: Raspberry Pi OS Lite bookworm or trixie, 64 bit. May be run again; changes what has changed.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: sudo deploy/install-kiosk.sh [--source picamera2] [--wheel FILE] [--dry-run]
       sudo deploy/install-kiosk.sh --uninstall [--purge] [--dry-run]

  --source SPEC  the camera: picamera2 (default), usb:0, folder:PATH or video:PATH
  --wheel FILE   install this wheel, not the source tree that this script lies in
  --uninstall    stop and remove the kiosk; scans stay in /var/lib/edgefashion
  --purge        with --uninstall: remove the scans and the user as well
  --dry-run      only print what would be done

With DESTDIR=FOLDER in the environment only files are written, below FOLDER, and nothing is installed or started.
TEXT
}

fail() {
    echo "install-kiosk.sh: $1" >&2
    exit "${2:-1}"
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly prefix=/opt/edgefashion home=/var/lib/edgefashion user=edgefashion name=edgefashion-kiosk.service
readonly options=/etc/default/edgefashion-kiosk unit=/etc/systemd/system/$name
readonly packages=(
    python3-venv python3-picamera2 # the camera, with libcamera, comes from Raspberry Pi's archive only
    libgl1 libegl1 libgles2 libgl1-mesa-dri libgbm1 libdrm2 libmtdev1 # a window without a desktop
    espeak-ng # the spoken answer
)
staged=${DESTDIR:-}
source=picamera2 wheel='' uninstall=no purge=no dry=no

while [ $# -gt 0 ]; do
    case $1 in
        --source | --wheel)
            [ $# -ge 2 ] || fail "$1 needs a value." 2
            if [ "$1" = --source ]; then source=$2; else wheel=$2; fi
            shift
            ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        --dry-run) dry=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail "unknown option '$1'; see --help." 2 ;;
    esac
    shift
done
[[ $source =~ ^(picamera2|usb:[A-Za-z0-9/_-]+|(folder|video):[^[:space:]\'\"]+)$ ]] ||
    fail "--source must be picamera2, usb:0, folder:PATH or video:PATH, without spaces or quotes; received '$source'." 2
[ -z "$wheel" ] || [ -f "$wheel" ] || fail "--wheel: there is no file '$wheel'." 2
[ "$purge" = no ] || [ "$uninstall" = yes ] || fail "--purge goes with --uninstall." 2

# Run a command, or print it in a dry run.
run() {
    if [ "$dry" = yes ]; then
        printf '%q ' "$@"
        echo
    else
        "$@"
    fi
}

# The same for what changes the machine and not only files: left out when files are staged below DESTDIR.
machine() {
    [ -n "$staged" ] || run "$@"
}

# Write standard input to a file, whole or not at all.
put() {
    local path=$staged$1 draft
    if [ "$dry" = yes ]; then
        echo "write $path"
        cat >/dev/null
        return
    fi
    mkdir -p "$(dirname "$path")"
    draft=$(mktemp "$path.XXXXXX")
    cat >"$draft"
    chmod 0644 "$draft"
    mv "$draft" "$path"
}

check_machine() {
    [ -z "$staged" ] && [ "$dry" = no ] || return 0
    [ "$(id -u)" -eq 0 ] || fail "must be run as root: sudo $0"
    [ "$(dpkg --print-architecture)" = arm64 ] || fail "needs the 64-bit system; this one is $(dpkg --print-architecture)."
    case $(codename) in
        bookworm | trixie) ;;
        *) fail "knows Raspberry Pi OS bookworm and trixie; this is '$(codename)'." ;;
    esac
}

codename() {
    # shellcheck source=/dev/null
    (. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
}

install_kiosk() {
    local wanted=${wheel:-$(dirname "$here")} pip=("$prefix/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
    local old=()
    # Debian 12 builds picamera2's simplejpeg for numpy 1: with numpy 2 beside it, `import picamera2` fails.
    [ "$(codename)" = bookworm ] && old=("numpy<2")
    machine apt-get update --quiet
    machine apt-get install --yes --quiet --no-install-recommends "${packages[@]}"
    machine systemctl stop "$name" 2>/dev/null || true
    if [ -z "$staged" ] && ! id "$user" >/dev/null 2>&1; then
        machine useradd --system --user-group --home-dir "$home" --no-create-home --shell /usr/sbin/nologin "$user"
    fi
    machine mkdir -p "$prefix"
    machine python3 -m venv --system-site-packages "$prefix/venv"
    machine "${pip[@]}" --upgrade "${wanted}[app,codes]" "${old[@]}"
    sed -e "s|@PREFIX@|$prefix|g" -e "s|@USER@|$user|g" -e "s|@HOME@|$home|g" "$here/$name" | put "$unit"
    if [ ! -e "$staged$options" ]; then
        printf '%s\n' "# What the kiosk is started with; edgefashion-app --help tells the options. Kept by install-kiosk.sh." \
            "EDGEFASHION_OPTIONS=\"--source $source\"" | put "$options"
    else
        echo "$staged$options is kept as it is; the camera is named there."
    fi
    machine systemctl daemon-reload
    machine systemctl enable "$name"
    machine systemctl disable getty@tty1.service
    machine systemctl start "$name"
    machine systemctl --no-pager --lines=0 status "$name" || true
}

uninstall_kiosk() {
    machine systemctl disable --now "$name" || true
    run rm -f "$staged$unit" "$staged$options"
    machine systemctl daemon-reload
    machine systemctl enable getty@tty1.service
    run rm -rf "$staged$prefix"
    if [ "$purge" = yes ]; then
        run rm -rf "$staged$home" "$staged/var/cache/edgefashion"
        machine userdel "$user" || true
    else
        echo "The scans stay in $staged$home; --purge removes them too."
    fi
}

check_machine
if [ "$uninstall" = yes ]; then uninstall_kiosk; else install_kiosk; fi

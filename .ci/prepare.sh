# Sourced by ./check and ./cartui-demo with $root set: makes $root/.venv and installs one locked set into it.
# Writes nowhere but in $root/.venv (and pip's cache). A second run finds its stamp and does nothing, so it works offline.
# shellcheck shell=sh

venv="$root/.venv"

say() { printf '%s\n' "$*" >&2; }

give_up() { # one line each: what is wrong, then what to do
    say ""
    for line in "$@"; do say "$line"; done
    exit 2
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

is_known() { "$1" -c 'import sys; sys.exit(sys.version_info >= (3, 15))' >/dev/null 2>&1; }

can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# Sets $python: first a version the locked packages have wheels for that can make environments, then any new enough one
# that can, then any new enough one at all.
find_python() {
    python=
    for fits in "is_known can_make_venv" "can_make_venv" "is_known" "is_new_enough"; do
        for candidate in ${CARTUI_PYTHON:+"$CARTUI_PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
            for wish in is_new_enough $fits; do "$wish" "$candidate" || continue 2; done
            python=$candidate
            return
        done
    done
    found=$(python3 --version 2>/dev/null || echo "no python3")
    give_up "cartui needs Python 3.11 or newer; found here: $found." \
        "  Debian 12+, Ubuntu 24.04+:  sudo apt-get install -y python3 python3-venv" \
        "  Ubuntu 22.04:               sudo apt-get install -y python3.11 python3.11-venv" \
        "  macOS:                      brew install python@3.13   (or the installer from python.org)" \
        "  elsewhere:                  install it beside the old one; python3.11 to python3.14 on PATH are found," \
        "                              or name it: CARTUI_PYTHON=/path/to/python3"
}

# Debian and Ubuntu ship Python without ensurepip. Install the missing package where that needs no password.
ensure_venv_module() {
    can_make_venv "$python" && return
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    command -v apt-get >/dev/null 2>&1 ||
        give_up "This Python $version cannot make virtual environments (module ensurepip or venv is missing)." \
            "  Install your system's package for it (often python3-venv), or name another Python: CARTUI_PYTHON=/path/to/python3"
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then
        as_root="sudo -n"
    else
        as_root=none
    fi
    if [ "$as_root" != none ]; then
        say "Installing the missing package python$version-venv with apt-get ..."
        apt_install "python$version-venv" || apt_install python3-venv || true
    fi
    can_make_venv "$python" ||
        give_up "This Python $version cannot make virtual environments (Debian and Ubuntu keep that in a package of its own)." \
            "  Run:  sudo apt-get update && sudo apt-get install -y python$version-venv" \
            "  then start this command again."
}

apt_install() { # a fresh container has no package lists yet: fetch them only when the first try fails
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 </dev/null ||
        { $as_root apt-get update >/dev/null 2>&1 </dev/null &&
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >&2 </dev/null; }
}

# What an environment depends on. The place is part of it: an environment does not survive being moved.
wanted() { # SET
    printf '%s\n' "$root"
    cat "$root/requirements/$1.txt" "$root/pyproject.toml"
}

is_installed() { # SET
    [ -f "$venv/.cartui-$1" ] && wanted "$1" | cmp -s - "$venv/.cartui-$1" && is_new_enough "$venv/bin/python"
}

prepare() { # run | dev
    # The development set holds the runtime set in the same versions.
    if is_installed "$1" || is_installed dev; then return; fi
    find_python
    if ! { is_new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; } ||
        [ "$(cat "$venv/.cartui-place" 2>/dev/null)" != "$root" ]; then
        ensure_venv_module
        say "Making the virtual environment in $venv ..."
        "$python" -m venv --clear "$venv" || give_up "The virtual environment could not be made; the reason stands above."
        printf '%s\n' "$root" >"$venv/.cartui-place"
    fi
    say "Installing the locked packages ($1); the first time this takes a minute ..."
    rm -f "$venv"/.cartui-run "$venv"/.cartui-dev
    # For use, nothing is ever compiled here. For development one package has no wheel for Intel Macs.
    only=
    if [ "$1" = run ]; then only="--only-binary=:all:"; fi
    # shellcheck disable=SC2086
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes $only \
        -r "$root/requirements/$1.txt" &&
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
            --no-deps --no-build-isolation --editable "$root" ||
        give_up "The packages could not be installed; pip's reason stands above." \
            "  The first run needs a package index (the one your pip is set up for). Run the command again when it can be reached."
    wanted "$1" >"$venv/.cartui-$1"
}

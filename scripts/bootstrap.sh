#!/bin/sh
# Makes .venv, where the CLI is, and brings uv if there is none. Does nothing, quickly, where nothing changed.
#   sh scripts/bootstrap.sh        what `make up` needs
#   sh scripts/bootstrap.sh dev    and the tools of the tests
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
case "${1:-}" in
'') lock=requirements.lock ;;
dev) lock=requirements-dev.lock ;;
*) echo "usage: scripts/bootstrap.sh [dev]" >&2 && exit 2 ;;
esac

say() { echo "$*" >&2; }
die() {
	say "error: $1"
	say "$2"
	exit 1
}

# What .venv is made from. The developer's lock holds all of the user's, so an environment made from it does for both.
stamp=.venv/.bootstrapped
made_from() { echo "$1 $(cat "$1" pyproject.toml client/pyproject.toml .python-version | cksum) $root"; }
done_already() {
	[ -x .venv/bin/python ] && [ -f "$stamp" ] && [ ! -e .venv/.incomplete ] || return 1
	made=$(cat "$stamp")
	[ "$made" = "$(made_from "$lock")" ] || [ "$made" = "$(made_from requirements-dev.lock)" ]
}
done_already && exit 0

# One at a time. The link names its holder and is made in one step; flock(1) is not on macOS.
guard=.obsiverse/bootstrap.guard
patience=600
told=
mkdir -p .obsiverse
refused=0
until ln -s $$ "$guard" 2>/dev/null; do
	if [ ! -L "$guard" ]; then
		# Its holder ended just now. Several times in a row it is something else.
		refused=$((refused + 1))
		[ "$refused" -lt 20 ] || die "can't write to $root/.obsiverse" "Check its rights and the disk's free space."
		continue
	fi
	holder=$(readlink "$guard" || true)
	if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
		rm -f "$guard" # it was killed
		continue
	fi
	[ -n "$told" ] || say "waiting for another bootstrap (process $holder) ..."
	told=yes
	patience=$((patience - 1))
	[ "$patience" -gt 0 ] || die "process $holder has held $root/$guard for ten minutes" "If it is no bootstrap, delete that link."
	sleep 1
done
trap 'rm -f "$guard"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
done_already && exit 0

[ -n "${HOME:-}" ] || export UV_CACHE_DIR="${UV_CACHE_DIR:-$root/.uv/cache}"
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH

new_enough() {
	version=$("$1" --version 2>/dev/null) || return 1
	version=${version#uv }
	major=${version%%.*}
	minor=${version#*.}
	minor=${minor%%.*}
	case "$major$minor" in '' | *[!0-9]*) return 1 ;; esac
	[ "$major" -gt 0 ] || [ "$minor" -ge 9 ]
}

bring_uv() {
	# From /, so that pyenv's shims do not ask for the version in .python-version: any Python can install uv.
	for python in python3 python3.13 python3.14 python3.12 /usr/bin/python3 /usr/local/bin/python3; do
		(cd / && "$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 8))') >/dev/null 2>&1 || continue
		say "getting uv ..."
		rm -rf .uv
		(cd / && "$python" -m venv "$root/.uv") >&2 &&
			.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock >&2 &&
			return 0
		die "uv could not be installed by $python (see above)" "Check the network or pip's index, or install uv and run this again."
	done
	die "there is neither uv nor a Python 3.8 or newer with venv" "Install uv, or python3 and python3-venv, and run this again."
}

if [ -n "${OBSIVERSE_UV:-}" ]; then
	uv=$OBSIVERSE_UV
	new_enough "$uv" || die "OBSIVERSE_UV is $uv, which is no uv of version 0.9 or newer" "Unset it, or name one that is."
elif new_enough uv; then
	uv=uv
else
	uv=$root/.uv/bin/uv
	new_enough "$uv" || bring_uv
fi

say "making .venv from $lock ..."
request=$(cat .python-version)
# Half-made ones and those of another Python are made anew.
if [ -e .venv/.incomplete ] || ! .venv/bin/python -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$request')" 2>/dev/null; then
	"$uv" venv --quiet --clear --python "$request" .venv ||
		die "no Python $request was found" "Install it from your system's packages, with pyenv, or by \`$uv python install $request\`."
fi
touch .venv/.incomplete
rm -f "$stamp"
"$uv" pip install --quiet --python .venv/bin/python --require-hashes -r "$lock" &&
	"$uv" pip install --quiet --python .venv/bin/python --no-deps -e . -e ./client ||
	die "the packages of $lock could not be installed (see above)" "Check the network or uv's index and run this again; what was downloaded is kept."
made_from "$lock" >"$stamp"
rm -f .venv/.incomplete

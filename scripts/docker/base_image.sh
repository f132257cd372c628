#!/bin/sh
# Images that can't be pulled, made here for the tests under the names that our files have: a stand-in for each that the engine lacks.
#   base_image.sh      needs docker, debootstrap (root) and busybox-static; the Go programs come from obsiverse.components
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/obsiverse/docker
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir -p "$cache"
certificates=/etc/ssl/certs/ca-certificates.crt

missing() { ! docker image inspect "$1" >/dev/null 2>&1; }
say() { echo "making a stand-in for $1 ..." >&2; }
fail() { echo "error: $1" >&2 && exit 1; }
need() { command -v "$1" >/dev/null || fail "there is no $1 on PATH. On Debian: apt-get install $2"; }
component() { "$root/.venv/bin/python" -m obsiverse.components get "$1"; }
image_of() { sed -n 's/^ *image: *//p' "$root/compose/$1.yaml"; }
# build IMAGE FOLDER: quietly, as old clients without buildx warn each time.
build() { docker build -q -t "$1" "$2" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2 && fail "$1 can't be built, as above"; }; }
label='LABEL org.obsiverse.stand-in=true'

need docker docker.io
docker version >/dev/null 2>&1 || fail "no Docker engine answers at ${DOCKER_HOST:-its usual address}. As root, scripts/docker/engine.sh starts one."

if missing python:3.13-slim; then
	say python:3.13-slim
	archive=$cache/python-3.13-slim.tar
	if [ ! -f "$archive" ]; then
		need debootstrap debootstrap
		[ "$(id -u)" = 0 ] || fail "debootstrap needs root"
		debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates trixie "$work/python" \
			"${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/log" 2>&1 ||
			{ tail -n 20 "$work/log" >&2 && fail "debootstrap failed as above; DEBIAN_MIRROR names another mirror"; }
		(cd "$work/python" && rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/* usr/lib/python3*/EXTERNALLY-MANAGED usr/share/doc usr/share/locale)
		# As in the official image.
		ln -s /usr/bin/python3 "$work/python/usr/local/bin/python"
		ln -s /usr/bin/python3 "$work/python/usr/local/bin/python3"
		tar -C "$work/python" -cf "$archive.new" .
		mv "$archive.new" "$archive"
	fi
	mkdir -p "$work/certificates/etc/ssl/certs"
	cp "$certificates" "$work/certificates/etc/ssl/certs/"
	docker import -c "$label" "$archive" obsiverse-stand-in-base >/dev/null
	# This machine's authorities too: a registry may be reached through a proxy that has its own. Node.js has a variable of its own for them.
	printf 'FROM obsiverse-stand-in-base\nCOPY etc /etc\nENV SSL_CERT_FILE=%s NODE_EXTRA_CA_CERTS=%s\nCMD ["python3"]\n' \
		"$certificates" "$certificates" >"$work/certificates/Dockerfile"
	build python:3.13-slim "$work/certificates"
	docker rmi obsiverse-stand-in-base >/dev/null
fi

if missing busybox:1.37; then
	say busybox:1.37
	need busybox busybox-static
	ldd "$(command -v busybox)" >/dev/null 2>&1 && fail "this busybox is not a static one. On Debian: apt-get install busybox-static"
	mkdir -p "$work/busybox/bin" "$work/busybox/etc" "$work/busybox/tmp"
	chmod 1777 "$work/busybox/tmp"
	cp "$(command -v busybox)" "$work/busybox/bin/busybox"
	for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -sf busybox "$work/busybox/bin/$applet"; done
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' >"$work/busybox/etc/passwd"
	tar -C "$work/busybox" -c . | docker import -c "$label" -c 'CMD ["sh"]' - busybox:1.37 >/dev/null
fi

# One program of ours on busybox, as its publisher has it: name, program, further lines of its Dockerfile, another program.
program() {
	missing "$1" || return 0
	say "$1"
	folder=$work/$2
	mkdir -p "$folder"
	cp "$(component "$2")" "$folder/$2"
	cp "$certificates" "$folder/ca-certificates.crt"
	[ $# -lt 4 ] || cp "$(component "$4")" "$folder/$4"
	printf 'FROM busybox:1.37\n%s\nCOPY ca-certificates.crt /etc/ssl/certs/\nCOPY %s /bin/\n%b' "$label" "$2 ${4:-}" "$3" >"$folder/Dockerfile"
	build "$1" "$folder"
}
program "$(image_of prometheus)" prometheus \
	'RUN mkdir /prometheus && chown 65534:65534 /prometheus\nUSER 65534\nWORKDIR /prometheus\nENTRYPOINT ["/bin/prometheus"]\n' promtool
program "$(image_of alertmanager)" alertmanager \
	'RUN mkdir /alertmanager && chown 65534:65534 /alertmanager\nUSER 65534\nWORKDIR /alertmanager\nENTRYPOINT ["/bin/alertmanager"]\n' amtool
# Ours has a Dockerfile; building Go in it takes minutes that a test of everything else can do without.
program obsiverse/otel-collector otelcol 'RUN mkdir -p /var/lib/otelcol && chown 10001:10001 /var/lib/otelcol\nUSER 10001:10001\nENTRYPOINT ["/bin/otelcol"]\n'

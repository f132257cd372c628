#!/bin/sh
# A Docker engine of one's own, all of it in one folder: root only.
#   engine.sh start DIR      it then answers at unix://DIR/docker.sock
#   engine.sh stop DIR       nothing of it is left running or mounted
set -eu
verb=${1:-}
folder=${2:-}
[ -n "$folder" ] && { [ "$verb" = start ] || [ "$verb" = stop ]; } || { echo "usage: engine.sh start|stop DIR" >&2 && exit 2; }

start() {
	mkdir -p "$folder"
	# One that answers is left as it is.
	answers && return
	# docker.io only recommends iptables; where it lacks, containers would have no network.
	command -v iptables >/dev/null || { echo "error: there is no iptables on PATH. On Debian: apt-get install iptables" >&2 && exit 1; }
	echo "starting a Docker engine in $folder ..." >&2
	setsid dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/dockerd.pid" \
		--host "unix://$folder/docker.sock" >"$folder/dockerd.log" 2>&1 &
	patience=300
	until answers; do
		patience=$((patience - 1))
		if [ "$patience" = 0 ] || ! kill -0 $! 2>/dev/null; then
			echo "error: dockerd does not answer. Its log, $folder/dockerd.log, ends:" >&2
			tail -n 20 "$folder/dockerd.log" >&2
			exit 1
		fi
		sleep 0.2
	done
}

answers() { DOCKER_HOST="unix://$folder/docker.sock" docker version >/dev/null 2>&1; }

stop() {
	if [ -f "$folder/dockerd.pid" ] && pid=$(cat "$folder/dockerd.pid") && kill "$pid" 2>/dev/null; then
		patience=150
		while kill -0 "$pid" 2>/dev/null && [ "$patience" -gt 0 ]; do
			patience=$((patience - 1))
			sleep 0.2
		done
		kill -9 "$pid" 2>/dev/null || true
	fi
	# What a killed engine leaves: mounts of containers and of their networks.
	grep -o " $folder/[^ ]*" /proc/self/mounts | sort -r | while read -r place; do umount -l "$place" || true; done
}

"$verb"

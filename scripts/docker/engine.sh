#!/bin/sh
# A Docker engine of one's own, all of it in one folder: root only.
#   engine.sh start DIR      it then answers at unix://DIR/docker.sock
#   engine.sh stop DIR       nothing of it is left running or mounted, nor its bridge and its rules where no other engine has them
set -eu
verb=${1:-}
folder=${2:-}
[ -n "$folder" ] && { [ "$verb" = start ] || [ "$verb" = stop ]; } || { echo "usage: engine.sh start|stop DIR" >&2 && exit 2; }
case $folder in /*) ;; *) folder=$PWD/$folder ;; esac

fail() { echo "error: $1" >&2 && exit 1; }
need() { command -v "$1" >/dev/null || fail "there is no $1 on PATH. On Debian: apt-get install $2"; }
answers() { DOCKER_HOST="unix://$folder/docker.sock" docker version >/dev/null 2>&1; }
# ended PID: whether it has, within 30 s.
ended() {
	patience=150
	while kill -0 "$1" 2>/dev/null; do
		patience=$((patience - 1))
		[ "$patience" -gt 0 ] || return 1
		sleep 0.2
	done
}

start() {
	# One that answers is left as it is.
	answers && return
	[ "$(id -u)" = 0 ] || fail "an engine needs root. Where one runs already, set DOCKER_HOST to it."
	need dockerd docker.io
	# docker.io only recommends these two; where they lack, containers have no network and `init: true` fails.
	need iptables iptables
	need docker-init tini
	mkdir -p "$folder"
	# Two engines would share these: the one that finds none is the one that takes them away.
	grep -q '^ *docker0:' /proc/net/dev || iptables -S FORWARD | sed -n 's/^-P FORWARD //p' >"$folder/forward-policy"
	echo "starting a Docker engine in $folder ..." >&2
	setsid dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/dockerd.pid" \
		--host "unix://$folder/docker.sock" >"$folder/dockerd.log" 2>&1 &
	patience=300
	until answers; do
		patience=$((patience - 1))
		if [ "$patience" = 0 ] || ! kill -0 $! 2>/dev/null; then
			tail -n 20 "$folder/dockerd.log" >&2
			stop
			fail "dockerd does not answer; its log, $folder/dockerd.log, ends as above"
		fi
		sleep 0.2
	done
}

stop() {
	if [ -f "$folder/dockerd.pid" ] && pid=$(cat "$folder/dockerd.pid") && kill "$pid" 2>/dev/null; then
		echo "stopping the Docker engine in $folder ..." >&2
		ended "$pid" || kill -9 "$pid"
	fi
	# What a killed engine leaves: containerd, shims with their containers, and mounts.
	for process in /proc/[0-9]*; do
		pid=${process#/proc/}
		cat "$process/cmdline" 2>/dev/null | tr '\0' ' ' | grep -qF "$folder/exec/" || continue
		for each in $(cat "$process/task/$pid/children" 2>/dev/null) "$pid"; do kill -9 "$each" 2>/dev/null || true; done
	done
	while read -r _ place _; do
		case $place in "$folder"/*) echo "$place" ;; esac
	done </proc/self/mounts | sort -r | while read -r place; do umount -l "$place" || true; done
	rm -f "$folder/dockerd.pid" "$folder/docker.sock"
	if [ -f "$folder/forward-policy" ]; then
		ip link delete docker0 2>/dev/null || true
		for table in nat filter; do
			iptables-save -t "$table" | grep -v -e DOCKER -e docker0 | iptables-restore
		done
		iptables -P FORWARD "$(cat "$folder/forward-policy")"
		rm "$folder/forward-policy"
	fi
}

"$verb"

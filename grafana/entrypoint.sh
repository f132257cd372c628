#!/bin/sh
# Starts Grafana, in its image and natively, with grafana.ini from beside this file. From the environment:
#   GRAFANA                       the program; its folders conf and public are in the folder above its own
#   GRAFANA_LISTEN                host:port
#   GRAFANA_DATA                  its database
#   GRAFANA_PROVISIONING, GRAFANA_DASHBOARDS
#   GRAFANA_ADMIN_PASSWORD_FILE   where the admin's password is; made at the first start, mode 0600
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=$(CDPATH='' cd -- "$(dirname -- "$GRAFANA")/.." && pwd)
umask 077

# secret FILE: makes it, unless it is there. It appears in one step: whoever finds it can read it.
secret() {
	[ -s "$1" ] && return
	mkdir -p "$(dirname -- "$1")"
	od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$1.new"
	mv "$1.new" "$1"
}
[ -s "$GRAFANA_ADMIN_PASSWORD_FILE" ] || fresh=1
secret "$GRAFANA_ADMIN_PASSWORD_FILE"
# What encrypts the data sources' keys in the database. Grafana's own default is known to all.
secret "$GRAFANA_DATA/secret-key"

export GF_PATHS_DATA="$GRAFANA_DATA" GF_PATHS_LOGS="$GRAFANA_DATA/log" GF_PATHS_PLUGINS="$home/data/plugins"
export GF_PATHS_PROVISIONING="$GRAFANA_PROVISIONING"
export GF_SERVER_HTTP_ADDR="${GRAFANA_LISTEN%:*}" GF_SERVER_HTTP_PORT="${GRAFANA_LISTEN##*:}"
export GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH="$GRAFANA_DASHBOARDS/${GRAFANA_HOME_DASHBOARD:-obsiverse-executive}.json"
GF_SECURITY_ADMIN_PASSWORD=$(cat "$GRAFANA_ADMIN_PASSWORD_FILE")
GF_SECURITY_SECRET_KEY=$(cat "$GRAFANA_DATA/secret-key")
export GF_SECURITY_ADMIN_PASSWORD GF_SECURITY_SECRET_KEY

# Grafana takes the password into its database only when it makes that.
if [ -n "${fresh:-}" ] && [ -s "$GRAFANA_DATA/grafana.db" ]; then
	"$GRAFANA" cli --homepath "$home" --config "$here/grafana.ini" admin reset-admin-password --password-from-stdin \
		<"$GRAFANA_ADMIN_PASSWORD_FILE"
fi
exec "$GRAFANA" server --homepath "$home" --config "$here/grafana.ini"

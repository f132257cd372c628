"""What someone does with a workspace's token and grafana-client: `URL TOKEN` on the command line, what it found on stdout."""

import json
import sys

from grafana_client import GrafanaApi, TokenAuth
from grafana_client.client import GrafanaClientError

url, token = sys.argv[1:]
grafana = GrafanaApi.from_url(url, credential=TokenAuth(token))
try:
    folder = grafana.folder.create_folder(title="Models", uid="models")
    made = grafana.dashboard.update_dashboard(
        {
            "dashboard": {"uid": "latency", "title": "Latency", "panels": []},
            "folderUid": folder["uid"],
            "overwrite": False,
        }
    )
    found = grafana.dashboard.get_dashboard(made["uid"])
except GrafanaClientError as error:
    print(json.dumps({"status": error.status_code}))
else:
    print(
        json.dumps(
            {
                "organisation": grafana.organization.get_current_organization()["name"],
                "folder": found["meta"]["folderTitle"],
                "title": found["dashboard"]["title"],
                "listed": [one["uid"] for one in grafana.search.search_dashboards(type_="dash-db")],
            }
        )
    )

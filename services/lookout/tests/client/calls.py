"""The calls of grafana-client that a promotion makes, against the Grafana in GRAFANA_URL; ends with 1 where one does not hold.

Run in an environment of its own: what grafana-client depends on replaces urllib3.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from grafana_client import GrafanaApi
from grafana_client.client import GrafanaBadInputError, GrafanaClientError, GrafanaUnauthorizedError
from grafana_client.model import DatasourceIdentifier

URL, PASSWORD, PROMETHEUS = (os.environ[name] for name in ("GRAFANA_URL", "GRAFANA_PASSWORD", "PROMETHEUS_URL"))
DASHBOARD = {"uid": "promoted", "title": "Promoted", "schemaVersion": 41, "tags": ["obsiverse"], "panels": []}


def connect(credential: object, org: int | None = None) -> GrafanaApi:
    """A client of the service."""
    url = urlsplit(URL)
    return GrafanaApi(auth=credential, host=url.hostname, port=url.port, organization_id=org)


def refused(call: object, *arguments: object, status: int) -> None:
    """Assert that a call is refused with a status."""
    try:
        call(*arguments)
    except GrafanaClientError as error:
        assert error.status_code == status, error
    else:
        raise AssertionError(f"{call} was not refused")


def main() -> None:
    """Make an organisation, a token in it, and with that token all that a promotion puts there."""
    admin = connect(("admin", PASSWORD))
    assert admin.connect()["version"].startswith("12.")
    org = admin.organization.create_organization({"name": "promoted"})["orgId"]
    assert admin.organization.find_organization("promoted")["id"] == org
    token = make_token(connect(("admin", PASSWORD), org))

    grafana = connect(token)
    assert grafana.organization.get_current_organization()["id"] == org
    promote_plugins(grafana)
    promote_data_source(grafana)
    folder = grafana.folder.create_folder("obsiverse", uid="obsiverse")
    assert grafana.folder.get_folder("obsiverse")["id"] == folder["id"]
    assert [each["uid"] for each in grafana.folder.get_all_folders()] == ["obsiverse"]
    promote_dashboard(grafana)
    promote_rules(grafana)
    annotate(grafana)
    refused(connect("glsa_" + "x" * 32 + "_00000000").search.search_dashboards, status=401)
    admin.organizations.delete_organization(org)


def make_token(admin: GrafanaApi) -> str:
    """A token of a service account that may change everything in its organisation."""
    account = admin.serviceaccount.create({"name": "promotion", "role": "Admin"})
    assert admin.serviceaccount.search_one("promotion")["id"] == account["id"]
    assert admin.serviceaccount.get(account["id"])["role"] == "Admin"
    token = admin.serviceaccount.create_token(account["id"], {"name": "once", "secondsToLive": 600})
    assert [each["name"] for each in admin.serviceaccount.get_tokens(account["id"])] == ["once"]
    return token["key"]


def promote_plugins(grafana: GrafanaApi) -> None:
    """The data source plugins that the dashboards need."""
    for plugin in ("grafana-x-ray-datasource", "grafana-amazonprometheus-datasource"):
        grafana.plugin.install(plugin)
        assert grafana.plugin.by_id(plugin)["id"] == plugin
    refused(grafana.plugin.install, "grafana-oncall-app", status=404)


def promote_data_source(grafana: GrafanaApi) -> None:
    """A data source, changed, asked and checked."""
    wanted = {"name": "amp", "uid": "amp", "type": "prometheus", "access": "proxy", "url": PROMETHEUS}
    grafana.datasource.create_datasource(wanted)
    source = grafana.datasource.get_datasource_by_uid("amp")
    grafana.datasource.update_datasource_by_uid("amp", source | {"isDefault": True})
    assert grafana.datasource.get_datasource_by_name("amp")["isDefault"]
    assert grafana.datasource.health("amp")["status"] == "OK"
    assert grafana.datasource.health_inquiry("amp").success
    assert grafana.datasource.query(source["id"], query="plain")["status"] == "success"
    found = grafana.datasource.smartquery(DatasourceIdentifier(uid="amp"), "plain")
    assert found["results"]["test"]["status"] == 200
    refused(grafana.datasource.get_datasource_by_uid, "none", status=404)


def promote_dashboard(grafana: GrafanaApi) -> None:
    """A dashboard, saved twice, with a second hand in between."""
    saved = grafana.dashboard.update_dashboard({"dashboard": DASHBOARD, "folderUid": "obsiverse", "overwrite": True})
    assert (saved["status"], saved["version"]) == ("success", 1)
    kept = grafana.dashboard.get_dashboard("promoted")
    assert kept["meta"]["folderUid"] == "obsiverse"
    changed = kept["dashboard"] | {"title": "Promoted again"}
    assert grafana.dashboard.update_dashboard({"dashboard": changed, "folderUid": "obsiverse"})["version"] == 2
    refused(grafana.dashboard.update_dashboard, {"dashboard": changed, "folderUid": "obsiverse"}, status=412)
    try:
        grafana.dashboard.update_dashboard({"dashboard": {"title": "v2", "elements": {}}})
    except GrafanaBadInputError as error:
        assert "v2" in error.response["message"]
    else:
        raise AssertionError("a v2 dashboard was taken")
    assert [each["uid"] for each in grafana.search.search_dashboards(tag="obsiverse")] == ["promoted"]
    versions = grafana.dashboard_versions.get_dashboard_versions_by_uid("promoted")["versions"]
    assert [each["version"] for each in versions] == [2, 1]
    assert grafana.dashboard.get_dashboards_tags() == [{"term": "obsiverse", "count": 1}]


def promote_rules(grafana: GrafanaApi) -> None:
    """An alert rule, a contact point and the policy that leads to it."""
    query = {
        "refId": "A",
        "datasourceUid": "amp",
        "relativeTimeRange": {"from": 60, "to": 0},
        "model": {"expr": "plain", "instant": True},
    }
    rule = {
        "uid": "promoted",
        "title": "Promoted",
        "condition": "A",
        "folderUID": "obsiverse",
        "ruleGroup": "g",
        "data": [query],
    }
    alerting = grafana.alertingprovisioning
    assert alerting.create_alertrule(rule)["uid"] == "promoted"
    assert alerting.get_alertrule("promoted")["title"] == "Promoted"
    group = alerting.get_rule_group("obsiverse", "g")
    assert alerting.update_rule_group("obsiverse", "g", group | {"interval": 30})["interval"] == 30
    assert [each["uid"] for each in alerting.get_alertrules_all()] == ["promoted"]
    alerting.create_contactpoint({"name": "team", "type": "slack", "settings": {"url": PROMETHEUS}})
    assert [each["name"] for each in alerting.get_contactpoints()] == ["team"]
    alerting.set_notification_policy_tree({"receiver": "team"})
    assert alerting.get_notification_policy_tree()["receiver"] == "team"
    alerting.delete_alertrule("promoted")


def annotate(grafana: GrafanaApi) -> None:
    """A mark of the promotion, by its tag."""
    made = grafana.annotations.add_annotation(time_from=1000, time_to=2000, tags=["promotion"], text="promoted")
    found = grafana.annotations.find_annotations(tags=["promotion"], time_from=1, time_to=3000)
    assert [each["id"] for each in found] == [made["id"]]
    grafana.annotations.delete_annotations_by_id(made["id"])
    try:
        connect(("admin", "wrong")).organization.get_current_organization()
    except GrafanaUnauthorizedError:
        return
    raise AssertionError("a wrong password was taken")


if __name__ == "__main__":
    main()

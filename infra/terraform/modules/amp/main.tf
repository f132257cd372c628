# Managed Prometheus: a workspace, its rules, and its Alertmanager, which sends to a topic.

data "aws_region" "current" {}

resource "aws_prometheus_workspace" "this" {
  alias = var.name
}

resource "aws_prometheus_rule_group_namespace" "this" {
  for_each     = var.rules
  name         = each.key
  workspace_id = aws_prometheus_workspace.this.id
  data         = each.value
}

resource "aws_prometheus_alert_manager_definition" "this" {
  workspace_id = aws_prometheus_workspace.this.id
  definition = yamlencode({
    alertmanager_config = yamlencode({
      route         = merge(var.alertmanager.route, { receiver = "sns" })
      inhibit_rules = var.alertmanager.inhibit_rules
      receivers = [{
        name = "sns"
        sns_configs = [{
          topic_arn  = var.topic
          sigv4      = { region = data.aws_region.current.region }
          subject    = "{{ .CommonLabels.alertname }}: {{ .Status }}"
          attributes = { severity = "{{ .CommonLabels.severity }}" }
        }]
      }]
    })
  })
}

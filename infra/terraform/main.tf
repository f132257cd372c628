# Rules and routes are the project's own files, read from here: nothing is written twice.
locals {
  root = "${path.module}/../.."

  # platform.yml is on what only the services of one machine measure.
  rules = {
    for file in fileset("${local.root}/prometheus/rules", "*.yml") : trimsuffix(file, ".yml") => file("${local.root}/prometheus/rules/${file}")
    if file != "platform.yml"
  }
  alertmanager = yamldecode(yamldecode(file("${local.root}/compose/alertmanager.yaml")).configs.alertmanager.content)
}

module "amp" {
  source       = "./modules/amp"
  name         = var.name
  rules        = local.rules
  alertmanager = local.alertmanager
  topic        = module.notifications.topic
}

module "notifications" {
  source        = "./modules/notifications"
  name          = var.name
  workspace     = module.amp.arn
  notifications = var.notifications
  endpoints     = { for name, endpoint in var.endpoints : name => endpoint.most_latency_ms }
}

module "grafana" {
  count     = var.grafana ? 1 : 0
  source    = "./modules/grafana"
  name      = var.name
  workspace = module.amp.arn
}

module "xray" {
  source           = "./modules/xray"
  name             = var.name
  groups           = var.trace_groups
  indexing_percent = var.indexing_percent
}

module "collector" {
  source    = "./modules/collector"
  name      = var.name
  workspace = module.amp.arn
  log_days  = var.log_days
}

module "sagemaker" {
  source    = "./modules/sagemaker"
  name      = var.name
  topic     = module.notifications.topic
  image_tag = var.image_tag
  endpoints = var.endpoints
  alarms    = module.notifications.alarms
  canary    = var.canary
  log_days  = var.log_days
}

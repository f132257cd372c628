output "target" {
  description = "What belongs into the target's file, for `obsiverse promote` and the collector."
  value = {
    workspaces = merge({ amp = module.amp.id }, var.grafana ? { grafana = module.grafana[0].id } : {})
    grafana    = var.grafana ? "https://${module.grafana[0].endpoint}" : null
    bucket     = module.sagemaker.bucket
    roles      = { sagemaker = module.sagemaker.role }
    images     = { model = module.sagemaker.image }
  }
}

output "collector" {
  description = "The collector's role, and what its environment gets beside what otel-collector/README.md says."
  value = {
    role                 = module.collector.role
    instance_profile     = module.collector.instance_profile
    AMP_REMOTE_WRITE_URL = module.amp.remote_write
  }
}

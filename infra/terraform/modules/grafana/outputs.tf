output "id" {
  value = aws_grafana_workspace.this.id
}

output "endpoint" {
  description = "The host that it is reached at."
  value       = aws_grafana_workspace.this.endpoint
}

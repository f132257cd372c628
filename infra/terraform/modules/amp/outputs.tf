output "id" {
  value = aws_prometheus_workspace.this.id
}

output "arn" {
  value = aws_prometheus_workspace.this.arn
}

output "remote_write" {
  value = "${aws_prometheus_workspace.this.prometheus_endpoint}api/v1/remote_write"
}

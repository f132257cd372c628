variable "name" {
  description = "What names begin with."
  type        = string
}

variable "workspace" {
  description = "ARN of the Managed Prometheus workspace whose Alertmanager may publish."
  type        = string
}

variable "notifications" {
  description = "Who is told: protocol and endpoint, as SNS has them."
  type        = list(object({ protocol = string, endpoint = string }))
  default     = []
}

variable "endpoints" {
  description = "Endpoints to watch, with the p99 of their models' latency in milliseconds that is too much."
  type        = map(number)
  default     = {}
}

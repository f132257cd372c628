variable "name" {
  description = "What names begin with."
  type        = string
}

variable "workspace" {
  description = "ARN of the Managed Prometheus workspace that it writes to."
  type        = string
}

variable "log_days" {
  description = "For how long logs are kept."
  type        = number
}

variable "name" {
  description = "The workspace's name, and what its role's name begins with."
  type        = string
}

variable "workspace" {
  description = "ARN of the Managed Prometheus workspace that it reads."
  type        = string
}

variable "account" {
  description = "The account that this is for: in another one Terraform stops before it does anything."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "account must be twelve digits."
  }
}

variable "region" {
  description = "The region of everything."
  type        = string
}

variable "name" {
  description = "What names begin with, as promote.name of a target's file."
  type        = string
  default     = "obsiverse"
}

variable "grafana" {
  description = "Whether there is a workspace of Managed Grafana; people sign in by IAM Identity Center."
  type        = bool
  default     = true
}

variable "notifications" {
  description = "Who is told of alerts, as targets' files have it: protocol and endpoint."
  type        = list(object({ protocol = string, endpoint = string }))
  default     = []
}

variable "trace_groups" {
  description = "X-Ray groups: name and filter expression."
  type        = map(string)
  default     = {}
}

variable "indexing_percent" {
  description = "Of traces that are indexed; what is above 1 is paid for."
  type        = number
  default     = 1
}

variable "log_days" {
  description = "For how long logs are kept."
  type        = number
  default     = 30
}

variable "image_tag" {
  description = "Of the model container's image in the repository that is made here."
  type        = string
  default     = "latest"
}

variable "endpoints" {
  description = "Model endpoints by name; see modules/sagemaker. Push the image before the first one."
  type = map(object({
    artifact              = string
    environment           = optional(map(string), {})
    instance_type         = optional(string, "ml.m5.large")
    instances             = optional(number, 1)
    most_instances        = optional(number, 1)
    requests_per_instance = optional(number, 600)
    capture_percent       = optional(number, 0)
    most_latency_ms       = optional(number, 500)
  }))
  default = {}
}

variable "canary" {
  description = "How endpoints go over to another model: a share of the capacity first, all of it after a while without alarm."
  type        = object({ percent = number, seconds = number })
  default     = { percent = 10, seconds = 300 }
}

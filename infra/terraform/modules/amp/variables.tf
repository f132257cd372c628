variable "name" {
  description = "The workspace's alias."
  type        = string
}

variable "rules" {
  description = "Rule files by the name of their namespace."
  type        = map(string)
}

variable "alertmanager" {
  description = "An Alertmanager's configuration; of it, route and inhibit_rules."
  type        = any
}

variable "topic" {
  description = "ARN of the SNS topic that alerts go to."
  type        = string
}

variable "name" {
  description = "What names begin with."
  type        = string
}

variable "topic" {
  description = "ARN of the topic that asynchronous endpoints may publish to."
  type        = string
}

variable "image_tag" {
  description = "Of the image in the repository that is made here."
  type        = string
}

variable "endpoints" {
  description = <<-EOT
    By the endpoint's name: artifact, a model.tar.gz on this machine; environment of its container; instance_type, and instances to begin
    with; most_instances to scale out to, by requests_per_instance a minute; capture_percent of requests to keep in the bucket.
  EOT
  type = map(object({
    artifact              = string
    environment           = map(string)
    instance_type         = string
    instances             = number
    most_instances        = number
    requests_per_instance = number
    capture_percent       = number
  }))
}

variable "alarms" {
  description = "Names of alarms that take an endpoint's update back, by the endpoint's name."
  type        = map(list(string))
}

variable "canary" {
  description = "How an endpoint goes over to another model: percent of the capacity first, all of it after seconds without alarm."
  type        = object({ percent = number, seconds = number })
}

variable "log_days" {
  description = "For how long logs are kept."
  type        = number
}

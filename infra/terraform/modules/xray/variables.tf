variable "name" {
  description = "What names begin with."
  type        = string
}

variable "groups" {
  description = "Groups: name and filter expression."
  type        = map(string)
  default     = {}
}

variable "indexing_percent" {
  description = "Of traces that are indexed; what is above 1 is paid for."
  type        = number
  default     = 1
}

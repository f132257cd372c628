terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.46"
    }
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]

  # By it promotion knows its own, and brings the rest: what is inside of Grafana.
  default_tags {
    tags = { "obsiverse:promoted" = var.name }
  }
}

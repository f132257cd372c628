# SageMaker: the bucket, the role that models run as, the repository of their image, and endpoints with their models.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region
  arns    = "arn:${data.aws_partition.current.partition}"
  image   = "${aws_ecr_repository.model.repository_url}:${var.image_tag}"
}

resource "aws_s3_bucket" "this" {
  bucket = "${var.name}-${local.account}-${local.region}"
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_ecr_repository" "model" {
  name = "${var.name}/model"

  image_scanning_configuration {
    scan_on_push = true
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "run" {
  statement {
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [aws_s3_bucket.this.arn]
  }

  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.this.arn}/*"]
  }

  statement {
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["${local.arns}:ecr:${local.region}:${local.account}:repository/*"]
  }

  statement {
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${local.arns}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/*"]
  }

  statement {
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringLike"
      variable = "cloudwatch:namespace"
      values   = ["/aws/sagemaker/*", "AWS/SageMaker", "aws/sagemaker/*"]
    }
  }

  # Of asynchronous endpoints.
  statement {
    actions   = ["sns:Publish"]
    resources = [var.topic]
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-sagemaker"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "obsiverse"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.run.json
}

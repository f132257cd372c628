# What a collector on EC2, ECS or EKS runs as, and the log stream that it writes to, which must be there before it sends.

resource "aws_cloudwatch_log_group" "otlp" {
  name              = "/obsiverse/otlp"
  retention_in_days = var.log_days
}

resource "aws_cloudwatch_log_stream" "collector" {
  name           = "collector"
  log_group_name = aws_cloudwatch_log_group.otlp.name
}

data "aws_iam_policy_document" "trust" {
  statement {
    # Pod Identity, on EKS, tags the sessions that it opens.
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "send" {
  statement {
    actions   = ["aps:RemoteWrite"]
    resources = [var.workspace]
  }

  statement {
    actions   = ["xray:PutSpans", "xray:PutSpansForIndexing", "xray:PutTraceSegments"]
    resources = ["*"]
  }

  statement {
    actions   = ["logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [aws_cloudwatch_log_group.otlp.arn, "${aws_cloudwatch_log_group.otlp.arn}:*"]
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-collector"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "obsiverse"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.send.json
}

resource "aws_iam_instance_profile" "this" {
  name = aws_iam_role.this.name
  role = aws_iam_role.this.name
}

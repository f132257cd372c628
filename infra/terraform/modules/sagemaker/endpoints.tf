# Models and endpoint configs can't be changed: their names end in a digest of what they are, and the next is there before the last goes.

locals {
  models = { for name, endpoint in var.endpoints : name => {
    key    = "models/${name}-${substr(filesha256(endpoint.artifact), 0, 12)}/model.tar.gz"
    digest = substr(sha256(jsonencode([filesha256(endpoint.artifact), endpoint.environment, local.image])), 0, 8)
  } }
  configs = { for name, endpoint in var.endpoints : name =>
    substr(sha256(jsonencode([local.models[name].digest, endpoint.instance_type, endpoint.instances, endpoint.capture_percent])), 0, 8)
  }
}

resource "aws_s3_object" "artifact" {
  for_each           = var.endpoints
  bucket             = aws_s3_bucket.this.bucket
  key                = local.models[each.key].key
  source             = each.value.artifact
  source_hash        = filesha256(each.value.artifact)
  checksum_algorithm = "SHA256"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_model" "this" {
  for_each           = var.endpoints
  name               = "${each.key}-${local.models[each.key].digest}"
  execution_role_arn = aws_iam_role.this.arn

  primary_container {
    image          = local.image
    model_data_url = "s3://${aws_s3_object.artifact[each.key].bucket}/${aws_s3_object.artifact[each.key].key}"
    environment    = each.value.environment
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  for_each = var.endpoints
  name     = "${each.key}-${local.configs[each.key]}"

  production_variants {
    variant_name           = "AllTraffic"
    model_name             = aws_sagemaker_model.this[each.key].name
    instance_type          = each.value.instance_type
    initial_instance_count = each.value.instances
    initial_variant_weight = 1
  }

  dynamic "data_capture_config" {
    for_each = each.value.capture_percent > 0 ? [each.value.capture_percent] : []

    content {
      enable_capture              = true
      initial_sampling_percentage = data_capture_config.value
      destination_s3_uri          = "s3://${aws_s3_bucket.this.bucket}/captured"

      capture_options {
        capture_mode = "Input"
      }

      capture_options {
        capture_mode = "Output"
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "endpoint" {
  for_each          = var.endpoints
  name              = "/aws/sagemaker/Endpoints/${each.key}"
  retention_in_days = var.log_days
}

resource "aws_sagemaker_endpoint" "this" {
  for_each             = var.endpoints
  name                 = each.key
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this[each.key].name

  deployment_config {
    blue_green_update_policy {
      termination_wait_in_seconds = 0

      traffic_routing_configuration {
        type                     = "CANARY"
        wait_interval_in_seconds = var.canary.seconds

        canary_size {
          type  = "CAPACITY_PERCENT"
          value = var.canary.percent
        }
      }
    }

    auto_rollback_configuration {
      dynamic "alarms" {
        for_each = var.alarms[each.key]

        content {
          alarm_name = alarms.value
        }
      }
    }
  }

  depends_on = [aws_cloudwatch_log_group.endpoint]
}

locals {
  scaled = { for name, endpoint in var.endpoints : name => endpoint if endpoint.most_instances > endpoint.instances }
}

resource "aws_appautoscaling_target" "this" {
  for_each           = local.scaled
  service_namespace  = "sagemaker"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this[each.key].name}/variant/AllTraffic"
  min_capacity       = each.value.instances
  max_capacity       = each.value.most_instances
}

resource "aws_appautoscaling_policy" "this" {
  for_each           = local.scaled
  name               = "requests"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[each.key].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.requests_per_instance
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}

output "bucket" {
  value = aws_s3_bucket.this.bucket
}

output "role" {
  value = aws_iam_role.this.arn
}

output "image" {
  description = "What to push the model container as."
  value       = local.image
}

output "role" {
  value      = aws_iam_role.this.arn
  depends_on = [aws_iam_role_policy.this]
}

output "instance_profile" {
  value = aws_iam_instance_profile.this.name
}

variable "chat_model" {
  type        = string
  description = "model = gpt-4o"
  default     = "anthropic.claude-3-5-sonnet-20240620-v1:0"
}
resource "aws_bedrock_thing" "chat" {
  model_id         = var.chat_model
  foundation_model = "amazon.nova-pro-v1:0"
  machine_model    = "acme/box"
}

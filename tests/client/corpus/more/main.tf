resource "endpoint" "chat" { model_id = "cohere.command-r-v1:0" }
resource "task" "search" {
  env {
    name  = "ANSWER_MODEL"
    value = "gpt-4.1-mini"
  }
}

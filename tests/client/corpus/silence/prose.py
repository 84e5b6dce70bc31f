"""We like gpt-4o and AutoModel.from_pretrained("acme/in-a-docstring")."""

# AutoModel.from_pretrained("acme/in-a-comment")
from django.db import models
from transformers import AutoModel

gpt_4o = "a variable of that name"
text = "Ask gpt-4o, or claude-3-opus, or Qwen/Qwen3-8B."
mime = "application/json"
route = "api/models"


class Car(models.Model):
    model = models.CharField(default="T")
    owner = models.ForeignKey("people/person", on_delete=models.CASCADE)


def load(cls, path):
    AutoModel.from_pretrained("./checkpoints/best")
    AutoModel.from_pretrained("/models/bge")
    AutoModel.from_pretrained("path/to/model")
    AutoModel.from_pretrained("your-org/your-model")
    AutoModel.from_pretrained("<model id>")
    AutoModel.from_pretrained(None)
    render(model="sedan", template="cars/list.html")
    client.update(model="users/profile")
    form = Form(model=Car)
    return super().from_pretrained(path), gpt_4o == "gpt-4o", {"gpt-4o": 128_000}

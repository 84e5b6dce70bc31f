from transformers import AutoModel

AutoModel.from_pretrained("acme/one")  # understudy: ignore[UD106] an example in our own documentation
# understudy: ignore[UD106] the line below is no use either
AutoModel.from_pretrained("acme/two")
AutoModel.from_pretrained("acme/three")

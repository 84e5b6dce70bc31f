from transformers import AutoModel

AutoModel.from_pretrained("hf-internal-testing/tiny-random-bert")

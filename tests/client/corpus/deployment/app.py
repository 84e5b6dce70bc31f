import os

from sentence_transformers import SentenceTransformer

model = SentenceTransformer(os.environ["SEARCH_EMBEDDER"])

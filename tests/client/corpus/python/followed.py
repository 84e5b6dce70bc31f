"""Names that are followed to their text."""

import os
from dataclasses import dataclass
from enum import Enum

from openai import OpenAI
from sentence_transformers import SentenceTransformer
from transformers import AutoModel

NAME = "BAAI/bge-base-en-v1.5"
VENDOR = "intfloat"
SIZES = {"small": "BAAI/bge-small-en", "large": "BAAI/bge-large-en"}
client = OpenAI()


class Models(Enum):
    CHAT = "gpt-4o"


@dataclass
class Settings:
    chat: str = "gpt-4o-mini"
    embedding_model: str = "text-embedding-3-small"


class Search:
    reranker = "cross-encoder/stsb-roberta-base"

    def __init__(self, name="thenlper/gte-large"):
        self.name = name
        self.model = SentenceTransformer(self.name)
        self.other = AutoModel.from_pretrained(self.reranker)


def constant():
    return AutoModel.from_pretrained(NAME)


def joined():
    return AutoModel.from_pretrained(f"{VENDOR}/e5-small-v2"), AutoModel.from_pretrained(VENDOR + "/e5-large-v2")


def chosen(size):
    return AutoModel.from_pretrained(SIZES["small"]), AutoModel.from_pretrained(SIZES[size])


def either(fast):
    name = "Qwen/Qwen3-0.6B" if fast else "Qwen/Qwen3-32B"
    return AutoModel.from_pretrained(name)


def member():
    client.chat.completions.create(model=Models.CHAT.value, messages=[])


def default(name="google/embeddinggemma-300m"):
    return SentenceTransformer(name)


def from_environment():
    one = AutoModel.from_pretrained(os.getenv("SEARCH_MODEL", "nomic-ai/nomic-embed-text-v1.5"))
    two = AutoModel.from_pretrained(os.environ.get("OTHER_MODEL") or "jinaai/jina-embeddings-v3")
    return one, two


def loop():
    for name in ["prajjwal1/bert-tiny", "prajjwal1/bert-mini"]:
        AutoModel.from_pretrained(name)


def unresolved(row, NAME):
    AutoModel.from_pretrained(row.model_name)
    AutoModel.from_pretrained(NAME)
    AutoModel.from_pretrained(os.environ["SET_NOWHERE"])
    client.chat.completions.create(model=row["model"], messages=[])

"""What is fetched from the Hub."""

from huggingface_hub import InferenceClient, hf_hub_download, snapshot_download
from sentence_transformers import CrossEncoder, SentenceTransformer, SparseEncoder
from transformers import AutoModel, AutoTokenizer, pipeline
from vllm import LLM, EngineArgs

model = AutoModel.from_pretrained("Alibaba-NLP/gte-multilingual-base", revision="ca1791e0bcc104f6db161f27de1340241b13c5a4")
tokenizer = AutoTokenizer.from_pretrained(pretrained_model_name_or_path="google-bert/bert-base-uncased")
short = AutoModel.from_pretrained("distilbert-base-uncased")
embedder = SentenceTransformer("BAAI/bge-m3", device="cpu")
named = SentenceTransformer(model_name_or_path="intfloat/multilingual-e5-base")
by_short_name = SentenceTransformer("all-MiniLM-L6-v2")
reranker = CrossEncoder("cross-encoder/ms-marco-MiniLM-L6-v2", revision="main")
sparse = SparseEncoder("naver/splade-v3")
classify = pipeline("text-classification", model="dslim/bert-base-NER")
positional = pipeline("fill-mask", "FacebookAI/roberta-base")
folder = snapshot_download("Qwen/Qwen3-8B", allow_patterns="*.json")
config = hf_hub_download(repo_id="mistralai/Mistral-7B-v0.3", filename="config.json")
served = LLM(model="meta-llama/Llama-3.1-8B-Instruct")
arguments = EngineArgs(model="Qwen/Qwen3-0.6B")
remote = InferenceClient(model="HuggingFaceH4/zephyr-7b-beta")
stated_elsewhere = AutoModel.from_pretrained("acme-labs/tiny", revision=config)
data = snapshot_download("acme/our-sentences", repo_type="dataset")
space = hf_hub_download("acme/our-space", "app.py", repo_type="space")

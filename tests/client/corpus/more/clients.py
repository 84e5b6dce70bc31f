import ollama
from langchain.chat_models import init_chat_model
from sentence_transformers import SentenceTransformer as Embedder

ollama.chat(model="llama3.2:3b", messages=[])
init_chat_model("openai:gpt-4o")
Embedder("hkunlp/instructor-large")
tokenizer_model = "gpt-4o-mini"
structural_tag_model = "qwen_3_coder"

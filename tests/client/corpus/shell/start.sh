#!/bin/sh
# vllm serve acme/in-a-comment
MODEL=${MODEL:-Qwen/Qwen3-8B}
hf download BAAI/bge-m3
vllm serve "$MODEL" --port 8000
vllm serve Qwen/Qwen3-32B --revision 9216db5781bf21249d130ec9da846c4624c16137
ollama pull llama3.1:8b
ollama run mistral
python -m vllm.entrypoints.openai.api_server --model=meta-llama/Llama-3.1-8B
python train.py --model_name_or_path \
  google-bert/bert-base-cased
python evaluate.py --model "$CHOSEN/checkpoint"
curl https://api.example/v1/chat/completions -d '{"model": "gpt-4o", "messages": []}'
echo "done with --model"

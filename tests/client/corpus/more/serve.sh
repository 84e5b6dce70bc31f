MODEL="Qwen/Qwen3-0.6B"
vllm serve "$MODEL"

MODEL="Qwen/Qwen3-32B"
vllm serve "$MODEL"

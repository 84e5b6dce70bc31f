huggingface-cli download \
  --revision 5617a9f61b028005a4858fdac845db406aefb181 \
  BAAI/bge-m3
hf download --quiet intfloat/e5-base-v2
llama-server -hf ggml-org/gemma-3-1b-it-GGUF
echo "See https://huggingface.co/Qwen/Qwen3-8B for its terms."

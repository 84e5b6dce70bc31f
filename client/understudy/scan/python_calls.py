"""The Python calls that take a model: one row each. Adding one is a line here and a case in the corpus."""

from dataclasses import dataclass

NAMES = ("model", "model_name", "model_id")


@dataclass(frozen=True, slots=True)
class Takes:
    """Where a call takes its model.

    `position` is None where only keywords count. `provider` is put before the name, unless the call says another;
    `needs` names modules of which one has to be imported, because the name alone is too common.
    """

    position: int | None = 0
    keywords: tuple[str, ...] = NAMES
    provider: str = ""
    is_hub: bool = False
    needs: tuple[str, ...] = ()


def _hub(position: int | None = 0, *keywords: str, needs: tuple[str, ...] = ()) -> Takes:
    return Takes(position, keywords or NAMES, is_hub=True, needs=needs)


def _service(provider: str, position: int | None = None, *, needs: tuple[str, ...] = ()) -> Takes:
    return Takes(position, (*NAMES, "deployment_name", "azure_deployment"), provider, needs=needs)


_SENTENCE = _hub(0, "model_name_or_path", "model_name")
_HUB_REPO = _hub(0, "repo_id")
_HF_NAMES = _hub(0, "model_name", "model", "model_id", "repo_id", "tokenizer_name")
_LLAMA = ("llama_index", "llama_index_client")
_LITELLM = Takes(0, ("model",), needs=("litellm",))

# By the last name of what is called.
CALLS: dict[str, Takes] = {
    "from_pretrained": _hub(
        0, "pretrained_model_name_or_path", "repo_id", "model_id", "model_name", "model_name_or_path"
    ),
    "from_model_id": _hub(0, "model_id"),
    "SentenceTransformer": _SENTENCE,
    "SparseEncoder": _SENTENCE,
    "CrossEncoder": _SENTENCE,
    "pipeline": _hub(1, "model", "tokenizer", needs=("transformers", "optimum", "diffusers")),
    "snapshot_download": _HUB_REPO,
    "hf_hub_download": _HUB_REPO,
    "InferenceClient": _hub(0, "model", needs=("huggingface_hub",)),
    "AsyncInferenceClient": _hub(0, "model", needs=("huggingface_hub",)),
    "TextEmbedding": _hub(0, "model_name", needs=("fastembed",)),
    "SparseTextEmbedding": _hub(0, "model_name", needs=("fastembed",)),
    "WhisperModel": Takes(0, ("model_size_or_path",), "", is_hub=True, needs=("faster_whisper",)),
    "LLM": _hub(0, "model", "tokenizer", needs=("vllm", "crewai")),
    "EngineArgs": _hub(0, "model", needs=("vllm",)),
    "AsyncEngineArgs": _hub(0, "model", needs=("vllm",)),
    # LangChain
    "ChatOpenAI": _service("openai"),
    "OpenAIEmbeddings": _service("openai"),
    "AzureChatOpenAI": _service("azure"),
    "AzureOpenAIEmbeddings": _service("azure"),
    "ChatAnthropic": _service("anthropic"),
    "ChatGoogleGenerativeAI": _service("gemini"),
    "GoogleGenerativeAIEmbeddings": _service("gemini"),
    "ChatVertexAI": _service("vertex_ai"),
    "VertexAIEmbeddings": _service("vertex_ai"),
    "ChatMistralAI": _service("mistral"),
    "MistralAIEmbeddings": _service("mistral"),
    "ChatCohere": _service("cohere"),
    "CohereEmbeddings": _service("cohere"),
    "CohereRerank": _service("cohere"),
    "ChatBedrock": _service("bedrock"),
    "ChatBedrockConverse": _service("bedrock"),
    "BedrockEmbeddings": _service("bedrock"),
    "ChatGroq": _service("groq"),
    "ChatFireworks": _service("fireworks_ai"),
    "ChatTogether": _service("together_ai"),
    "ChatDeepSeek": _service("deepseek"),
    "ChatXAI": _service("xai"),
    "ChatOllama": _service("ollama"),
    "OllamaEmbeddings": _service("ollama"),
    "OllamaLLM": _service("ollama"),
    "HuggingFaceEmbeddings": _HF_NAMES,
    "HuggingFaceEndpointEmbeddings": _HF_NAMES,
    "HuggingFaceBgeEmbeddings": _HF_NAMES,
    "HuggingFaceInstructEmbeddings": _HF_NAMES,
    "HuggingFaceCrossEncoder": _HF_NAMES,
    "HuggingFaceEndpoint": _hub(None, "repo_id", "model"),
    "HuggingFaceHub": _hub(None, "repo_id"),
    "FastEmbedEmbeddings": _hub(None, "model_name"),
    "init_chat_model": Takes(0, ("model",), needs=("langchain",)),
    "init_embeddings": Takes(0, ("model",), needs=("langchain",)),
    # LlamaIndex: some names are those of the vendors' own clients, which take no model.
    "HuggingFaceEmbedding": _HF_NAMES,
    "HuggingFaceLLM": _HF_NAMES,
    "HuggingFaceInferenceAPI": _HF_NAMES,
    "FastEmbedEmbedding": _hub(0, "model_name"),
    "SentenceTransformerRerank": _hub(None, "model"),
    "OpenAIEmbedding": _service("openai"),
    "AzureOpenAIEmbedding": _service("azure"),
    "CohereEmbedding": _service("cohere"),
    "MistralAIEmbedding": _service("mistral"),
    "GeminiEmbedding": _service("gemini"),
    "OpenAI": _service("openai", needs=_LLAMA),
    "AzureOpenAI": _service("azure", needs=_LLAMA),
    "Anthropic": _service("anthropic", needs=_LLAMA),
    "MistralAI": _service("mistral", needs=_LLAMA),
    "Cohere": _service("cohere", needs=_LLAMA),
    "Groq": _service("groq", needs=_LLAMA),
    "Gemini": _service("gemini", needs=_LLAMA),
    "GoogleGenAI": _service("gemini", needs=_LLAMA),
    "Ollama": _service("ollama", needs=(*_LLAMA, "langchain", "langchain_community", "langchain_ollama")),
    "Bedrock": _service("bedrock", needs=(*_LLAMA, "langchain", "langchain_community")),
    "BedrockConverse": _service("bedrock", needs=_LLAMA),
    # LiteLLM
    "completion": _LITELLM,
    "acompletion": _LITELLM,
    "text_completion": _LITELLM,
    "embedding": _LITELLM,
    "aembedding": _LITELLM,
    "responses": _LITELLM,
    "rerank": _LITELLM,
    "arerank": _LITELLM,
    "image_generation": Takes(None, ("model",), needs=("litellm",)),
    "transcription": _LITELLM,
    "speech": _LITELLM,
    "moderation": Takes(None, ("model",), needs=("litellm",)),
    # boto3
    "invoke_model": Takes(None, ("modelId",), "bedrock"),
    "invoke_model_with_response_stream": Takes(None, ("modelId",), "bedrock"),
    "converse": Takes(None, ("modelId",), "bedrock"),
    "converse_stream": Takes(None, ("modelId",), "bedrock"),
    # Google
    "GenerativeModel": _service("gemini", 0),
    "TextEmbeddingModel": _service("vertex_ai", 0),
    "generate_content": _service("gemini"),
    "generate_content_stream": _service("gemini"),
    "embed_content": _service("gemini"),
}

# By the two or three last names: the clients of the vendors, and of all who speak like OpenAI.
CHAINS: dict[str, Takes] = {
    "completions.create": _service("openai"),
    "completions.parse": _service("openai"),
    "completions.stream": _service("openai"),
    "responses.create": _service("openai"),
    "responses.parse": _service("openai"),
    "responses.stream": _service("openai"),
    "embeddings.create": _service("openai"),
    "assistants.create": _service("openai"),
    "images.generate": _service("openai"),
    "images.edit": _service("openai"),
    "transcriptions.create": _service("openai"),
    "translations.create": _service("openai"),
    "speech.create": _service("openai"),
    "moderations.create": _service("openai"),
    "messages.create": _service("anthropic"),
    "messages.stream": _service("anthropic"),
    "messages.parse": _service("anthropic"),
    "messages.count_tokens": _service("anthropic"),
    "chat.complete": _service("mistral"),
    "chat.complete_async": _service("mistral"),
    "chat.stream": _service("mistral"),
    "chat.stream_async": _service("mistral"),
    "chats.create": _service("gemini"),
    "ollama.chat": _service("ollama"),
    "ollama.generate": _service("ollama"),
    "ollama.embed": _service("ollama"),
    "ollama.embeddings": _service("ollama"),
    "ollama.pull": _service("ollama", 0),
}

# What a client of the class makes of the calls on it, by the module it comes from and its name.
CLIENTS: dict[str, str] = {
    "OpenAI": "openai",
    "AsyncOpenAI": "openai",
    "AzureOpenAI": "azure",
    "AsyncAzureOpenAI": "azure",
    "Anthropic": "anthropic",
    "AsyncAnthropic": "anthropic",
    "AnthropicBedrock": "bedrock",
    "AsyncAnthropicBedrock": "bedrock",
    "AnthropicVertex": "vertex_ai",
    "AsyncAnthropicVertex": "vertex_ai",
    "Mistral": "mistral",
    "MistralClient": "mistral",
    "Groq": "groq",
    "AsyncGroq": "groq",
    "Together": "together_ai",
    "AsyncTogether": "together_ai",
    "cohere.Client": "cohere",
    "cohere.ClientV2": "cohere",
    "cohere.AsyncClient": "cohere",
    "cohere.AsyncClientV2": "cohere",
    "ollama.Client": "ollama",
    "ollama.AsyncClient": "ollama",
    "InferenceClient": "huggingface",
    "AsyncInferenceClient": "huggingface",
}
# Methods that take a model only on a client of these providers: their names are everybody's.
ON_CLIENTS = {
    "cohere": frozenset({"chat", "chat_stream", "embed", "rerank", "generate", "classify", "tokenize"}),
    "ollama": frozenset({"chat", "generate", "embed", "embeddings", "pull"}),
}
# A keyword of any other call, a parameter or a variable of such a name holds a model, if the text is known to be one.
MODEL_NAMES = [
    "model",
    "model_name",
    "model_id",
    "modelid",
    "model_name_or_path",
    "pretrained_model_name_or_path",
    "base_model",
    "llm_model",
    "chat_model",
    "embedding_model",
    "embed_model",
    "embedding_model_name",
    "reranker_model",
    "rerank_model",
    "repo_id",
    "hf_model_id",
    "checkpoint",
    "llm",
    "default_model",
    "model_path",
    "deployment_name",
    "embedder",
    "reranker",
    "encoder",
    "engine",
]

"""Whether a text reads like the name of a model. Pure; the shapes are those of the Hub and of the hosts."""

import re

LONGEST = 200
# https://huggingface.co/docs/hub/repositories: letters, digits, `-`, `_`, `.`, at most 96 characters a part.
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
BARE_ID = re.compile(r"[A-Za-z0-9][\w.:@+-]{1,120}", re.ASCII)
PURL = re.compile(r"pkg:(?:huggingface|generic)/[\w.%~/@+-]+", re.ASCII)
# How the names of models begin that hosts sell and of the best-known open ones; more is a guess.
FAMILY = re.compile(
    r"(?:gpt-(?:[345]|oss|image|realtime|audio)|chatgpt-|o[1345](?:-(?:mini|pro|preview)|$)|text-embedding-"
    r"|davinci-|babbage-|dall-e-|whisper-|tts-1|omni-moderation|claude-|gemini-|gemma-?\d|gecko|text-bison|chat-bison"
    r"|imagen-|veo-|palm-|mistral-|mixtral-|ministral-|codestral|magistral|devstral|pixtral|open-mi[sx]tral"
    r"|command-(?:[ar]|light|nightly|text|xlarge)|embed-(?:english|multilingual|v\d)|rerank-(?:english|multilingual|v\d)"
    r"|c4ai-aya|llama-?[234]|meta-llama|codellama|qwen|qwq|gte-|deepseek|glm-|kimi-|grok-|phi-?[34]|nova-|titan-"
    r"|jamba|sonar|voyage-|jina-(?:embeddings|reranker|clip|colbert)|bge-|e5-|multilingual-e5|nomic-embed|mxbai-"
    r"|snowflake-arctic|all-(?:MiniLM|mpnet|roberta|distilroberta)|paraphrase-|multi-qa-|msmarco-|stsb-|nli-"
    r"|bert-(?:base|large)|distilbert-|roberta-(?:base|large)|xlm-roberta|albert-(?:base|large)|deberta-|electra-"
    r"|modernbert|t5-(?:small|base|large|3b|11b)|flan-t5|bart-(?:base|large)|gpt2|gpt-neo|gpt-j|bloom-|opt-\d|falcon-"
    r"|stable-diffusion|sdxl-|flux\.?1|flux-|clip-vit|vit-base|granite-|olmo-|smollm|yi-\d|dbrx|amazon\.|anthropic\."
    r"|cohere\.|meta\.llama|ai21\.|mistral\.|stability\.|(?:us|eu|apac|global)\.(?:anthropic|meta|amazon|cohere)\.)",
    re.IGNORECASE,
)
# As LiteLLM and others write a host before its model.
PROVIDERS = frozenset(
    [
        "openai",
        "azure",
        "azure_ai",
        "anthropic",
        "bedrock",
        "vertex_ai",
        "vertex",
        "gemini",
        "google",
        "mistral",
        "cohere",
        "cohere_chat",
        "groq",
        "together_ai",
        "fireworks_ai",
        "deepseek",
        "xai",
        "openrouter",
        "perplexity",
        "huggingface",
        "ollama",
        "ollama_chat",
        "replicate",
        "sagemaker",
        "databricks",
        "watsonx",
        "nvidia_nim",
        "cerebras",
        "sambanova",
        "voyage",
        "jina_ai",
        "hosted_vllm",
        "vllm",
        "text-completion-openai",
        "deepinfra",
        "ai21",
        "anyscale",
        "cloudflare",
        "codestral",
        "friendliai",
        "github",
        "nlp_cloud",
        "novita",
        "predibase",
        "volcengine",
        "xinference",
        "openai_like",
        "lm_studio",
        "llamafile",
        "infinity",
        "moonshot",
    ]
)
# Makers whose namespaces on the Hub are as good as a family.
NAMESPACES = frozenset(
    [
        "alibaba-nlp",
        "baai",
        "intfloat",
        "sentence-transformers",
        "cross-encoder",
        "google",
        "google-bert",
        "google-t5",
        "facebook",
        "facebookai",
        "meta-llama",
        "openai",
        "openai-community",
        "mistralai",
        "qwen",
        "microsoft",
        "nvidia",
        "deepseek-ai",
        "tiiuae",
        "bigscience",
        "eleutherai",
        "stabilityai",
        "black-forest-labs",
        "runwayml",
        "thenlper",
        "nomic-ai",
        "jinaai",
        "mixedbread-ai",
        "snowflake",
        "ibm-granite",
        "allenai",
        "huggingfaceh4",
        "huggingfacetb",
        "cohereforai",
        "coherelabs",
        "databricks",
        "salesforce",
        "distilbert",
        "dslim",
        "xenova",
        "onnx-community",
        "unsloth",
        "thebloke",
        "01-ai",
        "zai-org",
        "moonshotai",
        "ai21labs",
        "answerdotai",
        "prajjwal1",
        "laion",
        "lmsys",
        "togethercomputer",
        "hf-internal-testing",
        "helsinki-nlp",
        "deepset",
        "valhalla",
        "tencent",
        "baidu",
        "internlm",
        "openbmb",
        "opengvlab",
        "amazon",
        "apple",
        "amd",
        "arcee-ai",
        "bartowski",
        "codesage",
        "colbert-ir",
        "hkunlp",
        "ibm-research",
        "lightonai",
        "liquidai",
        "lmstudio-community",
        "minimaxai",
        "mlx-community",
        "naver",
        "neuralmagic",
        "nousresearch",
        "redhatai",
        "tokyotech-llm",
        "vidore",
        "whereisai",
        "xiaomimimo",
    ]
)
FILE_ENDINGS = [
    ".py",
    ".js",
    ".ts",
    ".json",
    ".jsonl",
    ".yaml",
    ".yml",
    ".toml",
    ".txt",
    ".md",
    ".csv",
    ".tsv",
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".onnx",
    ".gguf",
    ".safetensors",
    ".pkl",
    ".h5",
    ".pb",
    ".tar",
    ".gz",
    ".zip",
    ".sh",
    ".html",
    ".xml",
    ".png",
    ".jpg",
    ".wav",
    ".mp3",
    ".model",
    ".parquet",
    ".ini",
    ".cfg",
    ".conf",
    ".log",
    ".db",
    ".npz",
    ".npy",
    ".tflite",
]
PLACEHOLDER = re.compile(
    r"(?:^|[-_/])(?:mock|fake|dummy|placeholder)(?:[-_/]|$)|[<>{}$*|\s\\\"'?#,;=!]|\.\.|//|placeholder"
    # What examples say for "put yours here", and folders that no namespace of the Hub is called.
    r"|^(?:your|my|some|foo|bar|baz|example|dummy|fake|mock|xxx)(?:[-_/.]|$)"
    r"|^(?:path|test|user|username|org|owner|namespace|organization|repo|hf_user|author|models?|data|datasets?|outputs?"
    r"|results?|checkpoints?|tmp|runs|logs|configs?|src|lib|assets|static|application|text|image|audio|video|multipart|http|https"
    r"|local|localhost|none|null|true|false|default|auto)(?:/|$)"
    r"|/(?:model|repo|name|model[-_]name|repo[-_]name|your[-_].*|my[-_].*)$",
    re.IGNORECASE,
)


def is_name(text: str) -> bool:
    """Whether `text` could name a model at all: no path, no file, no address, no example's `your-model`."""
    if not text or len(text) > LONGEST or text[0] in "./~-@:" or PLACEHOLDER.search(text):
        return False
    if text.lower().endswith(tuple(FILE_ENDINGS)):
        return False
    return bool(HUB_ID.fullmatch(text) or BARE_ID.fullmatch(text) or is_routed(text) or PURL.fullmatch(text))


def is_hub_id(text: str) -> bool:
    """`namespace/name`, as it stands on the Hub."""
    return bool(HUB_ID.fullmatch(text)) and is_name(text)


def is_routed(text: str) -> bool:
    """`provider/…`, or `provider:…`, of a provider that is known."""
    provider, _, model = text.partition("/") if "/" in text else text.partition(":")
    return provider.lower() in PROVIDERS and bool(re.fullmatch(r"[\w.:@+/-]+", model, re.ASCII))


def is_known(text: str) -> bool:
    """Whether the very name says that it is a model: its family, provider, or maker's namespace."""
    if not is_name(text):
        return False
    namespace, slash, name = text.rpartition("/")
    if slash and namespace.lower() in NAMESPACES:
        return True
    if PURL.fullmatch(text) or is_routed(text):
        return True
    # `deepseek_v3`, `qwen_3_coder`: what code calls a kind of model, not what a host or the Hub calls one.
    return bool(FAMILY.match(name)) and ("_" not in name or "-" in name or bool(slash))

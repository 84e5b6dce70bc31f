"""Whether a Python file is worth parsing. Parsing costs fifty times as much as this look at the bytes."""

import re
from functools import cache

from understudy.scan.names import FAMILY, NAMESPACES, PROVIDERS
from understudy.scan.python_calls import CALLS, ON_CLIENTS

# Cheap words first: of a file that holds none of them nothing else is asked.
_WORDS = tuple(
    b"from_pretrained from_model_id SentenceTransformer SparseEncoder CrossEncoder pipeline( snapshot_download"
    b" hf_hub_download InferenceClient odel MODEL engine= litellm llm LLM Embed embed converse rerank encoder".split()
)
# Calls that are worth it whatever they are given: what cannot be resolved is reported too.
_CALLED = tuple(
    b"from_pretrained( from_model_id( Transformer( Encoder( snapshot_download( hf_hub_download( InferenceClient("
    b" invoke_model( invoke_model_with_response_stream( converse( converse_stream( ompletion( embedding( rerank("
    b" init_chat_model( init_embeddings( GenerativeModel( Embedding( Embeddings( LLM( EngineArgs( pipeline("
    b" generate_content( generate_content_stream( embed_content( .create( .parse( chat.complete( chat.stream( messages.stream("
    b" s.generate( complete_async( stream_async( ChatOpenAI( ChatAnthropic( ChatVertexAI( ChatMistralAI( ChatCohere("
    b" ChatBedrock( ChatBedrockConverse( ChatGroq( ChatOllama( GenerativeAI( HuggingFaceEndpoint( HuggingFaceHub(".split()
)
# Of these names everybody has some: what stands before them decides.
_COMMON = {
    b".create(": re.compile(
        rb"(?:completions|responses|embeddings|assistants|transcriptions|translations|speech|moderations|messages|chats)$"
    ),
    b".parse(": re.compile(rb"(?:completions|responses|messages)$"),
    b"s.generate(": re.compile(rb"image$"),
    b"Transformer(": re.compile(rb"Sentence$"),
    b"Encoder(": re.compile(rb"(?:Cross|Sparse)$"),
    b"Embedding(": re.compile(rb"(?:AI|Face|Text|Cohere|Gemini|FastEmbed)$"),
    b"Embeddings(": re.compile(rb"(?:AI|Face|Bge|Endpoint|Instruct|Cohere|Bedrock|Ollama|FastEmbed)$"),
    b"LLM(": re.compile(rb"(?:\W|^|Face|Ollama)$"),
}
# Of these names the calls count beside one of the modules alone.
_NEEDED = {b"ompletion(": (b"litellm",), b"embedding(": (b"litellm",), b"rerank(": (b"litellm", b"cohere")}
_METHODS = {
    module.encode(): tuple(f".{method}(".encode() for method in methods) for module, methods in ON_CLIENTS.items()
}
_NO_CALL = re.compile(rb"\s*(?:async\s+)?(?:def|class)\s|.*super\(\)\.$|\s*#")
_NAMES = frozenset(name.encode() for name in CALLS)
# Put together, too: `f"{provider}/{name}"`, `"openai/" + name`.
_HUB_ID = re.compile(rb"[\"'](?:[\w.-]+/[\w.-]+[\"']|[\w.{}\[\]()-]*/[\w.{}()-]*[\"'])")
_KEY = re.compile(rb"odel|MODEL|[lL][lL][mM]|ncoder|edder|anker|CHECKPOINT|heckpoint")
# Ordinary strings are named so that a quote or `#` in one does not begin something else.
_PROSE = re.compile(
    rb'"""(?:[^"\\]|\\.|"(?!""))*+"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*+\'\'\'|\#[^\n]*+'
    rb'|("(?:[^"\\\n]|\\.)*+"|\'(?:[^\'\\\n]|\\.)*+\')',
    re.DOTALL,
)


@cache
def _literal() -> re.Pattern[bytes]:
    """A text that `names.is_known` would take, in lower case: to ignore the case costs three times as much.

    Made when it is first needed, for it takes long.
    """
    known = b"|".join(sorted((re.escape(name.encode()) for name in NAMESPACES | PROVIDERS), reverse=True))
    families = FAMILY.pattern.lower().encode()
    return re.compile(rb"[\"'](?:(?:" + known + rb")[/:][\w.:/@-]+|(?:[\w.-]+/)?" + families + rb"[\w.:@-]*)[\"']")


def is_worth_parsing(data: bytes) -> bool:
    """False only where the parser would find nothing: no call that takes a model, no text that names one."""
    if not any(word in data for word in _WORDS) or not _has_evidence(data):
        return False
    # Now without docstrings and comments, which are full of examples.
    return _has_evidence(_PROSE.sub(_only_strings, data))


def _has_evidence(data: bytes) -> bool:
    return (
        any(word in data and _is_near(data, word) and _is_called(data, word) for word in _CALLED)
        or any(module in data and any(method in data for method in methods) for module, methods in _METHODS.items())
        or _is_renamed(data)
        or _literal().search(data.lower()) is not None
        or any(_KEY.search(_before(data, found.start())) for found in _HUB_ID.finditer(data))
    )


def _is_near(data: bytes, word: bytes) -> bool:
    """Whether the file names a module that a call of this name belongs to."""
    return any(module in data for module in _NEEDED.get(word, (b"",)))


def _is_renamed(data: bytes) -> bool:
    """Whether one of the calls is imported under another name."""
    at = data.find(b" as ")
    while at >= 0:
        if data[max(data.rfind(b" ", 0, at), data.rfind(b"(", 0, at)) + 1 : at].strip() in _NAMES:
            return True
        at = data.find(b" as ", at + 1)
    return False


def _is_called(data: bytes, word: bytes) -> bool:
    """Whether `word` stands anywhere that is neither a definition nor handed on to `super()`."""
    common = _COMMON.get(word)
    at = data.find(word)
    while at >= 0:
        before = _before(data, at)
        if (common is None or common.search(before)) and not _NO_CALL.match(before):
            return True
        at = data.find(word, at + 1)
    return False


def _before(data: bytes, at: int) -> bytes:
    """The line up to `at`, at most its last 200 bytes."""
    return data[max(data.rfind(b"\n", 0, at) + 1, at - 200) : at]


def _only_strings(found: re.Match[bytes]) -> bytes:
    return found[1] or b""

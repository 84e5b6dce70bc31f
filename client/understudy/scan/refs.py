"""How a name in code becomes the ref that the register is asked about."""

import re
from dataclasses import dataclass, replace

from understudy.scan import names
from understudy.scan.hits import Certainty

# What each host's own models are called: a client of OpenAI's that is pointed elsewhere asks for other names.
OWN = {
    "openai": re.compile(
        r"gpt-|o\d|chatgpt-|text-embedding-|dall-e|whisper-|tts-|omni-|davinci|babbage|codex|computer-use|sora",
        re.IGNORECASE,
    ),
    "anthropic": re.compile(r"claude", re.IGNORECASE),
    "gemini": re.compile(r"gemini|text-embedding-0|embedding-0|gemma|imagen|veo|aqa|learnlm", re.IGNORECASE),
    "mistral": re.compile(r"mi[sx]tral|ministral|codestral|pixtral|magistral|devstral|open-mi|voxtral", re.IGNORECASE),
    "cohere": re.compile(r"command|embed-|rerank-|c4ai|aya", re.IGNORECASE),
}
# https://sbert.net: these names are looked up below sentence-transformers/ on the Hub.
SHORT_SENTENCE = re.compile(
    r"(?:all-|paraphrase-|multi-qa-|msmarco-|stsb-|nli-|distiluse-|sentence-t5-|gtr-t5-|allenai-specter|LaBSE|clip-ViT-"
    r"|average_word|facebook-dpr|distilbert-base-nli|bert-base-nli|roberta-base-nli|xlm-r-|quora-)"
)
ARN = re.compile(r"arn:aws[\w-]*:bedrock:[^/]*/(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Named:
    """A ref and how sure the name alone makes it."""

    ref: str
    certainty: Certainty


def of_hub(text: str) -> Named | None:
    """The ref of a name that a library fetches from the Hub; None for a path, an address or an example's blank."""
    if not names.is_name(text) or "@" in text:
        return None
    if names.is_hub_id(text):
        return Named(text, Certainty.CERTAIN)
    # A bare name may as well be a folder.
    return Named(text, Certainty.CERTAIN if names.is_known(text) else Certainty.GUESS)


def of_service(text: str, provider: str) -> Named | None:
    """The ref of a name that is sent to a host; None for what is no name."""
    text = text.removeprefix("models/") if provider in {"gemini", "vertex_ai"} else text
    if provider == "bedrock" and (arn := ARN.match(text)):
        text = arn["name"].rpartition("/")[2]
    if not names.is_name(text):
        return None
    # `openai:gpt-4o`, as LangChain writes it; a colon may also stand before a tag, as in `mistral:7b`.
    host, colon, model = text.partition(":")
    if colon and not provider and host in names.PROVIDERS and names.FAMILY.match(model):
        text = f"{host}/{model}"
    known = names.is_known(text)
    sure = Certainty.CERTAIN if known else Certainty.LIKELY
    if "/" in text or not provider or provider == "huggingface":
        return Named(text, sure)
    own = OWN.get(provider)
    if own is not None and not own.match(text.removeprefix("ft:")):
        return Named(text, sure)
    return Named(f"{provider}/{text}", sure)


def of_sentence_transformer(named: Named) -> Named:
    """The full name of one that the library lets people write short."""
    return replace(named, ref=f"sentence-transformers/{named.ref}") if SHORT_SENTENCE.match(named.ref) else named

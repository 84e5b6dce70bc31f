"""What is asked over the network."""

import boto3
import cohere
import litellm
from anthropic import Anthropic
from google import genai
from groq import Groq
from langchain.chat_models import init_chat_model
from langchain_aws import ChatBedrock
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.anthropic import Anthropic as LlamaAnthropic
from litellm import acompletion, embedding
from mistralai import Mistral
from openai import AsyncOpenAI, AzureOpenAI, OpenAI

client = OpenAI()
client.chat.completions.create(model="gpt-4o-2024-08-06", messages=[])
client.responses.create(model="o3-mini", input="")
client.embeddings.create(input=[], model="text-embedding-3-small")
client.audio.transcriptions.create(model="whisper-1", file=None)
AzureOpenAI().chat.completions.create(model="our-gpt4-deployment", messages=[])
azure = AzureOpenAI()
azure.chat.completions.create(model="gpt-4o", messages=[])
Anthropic().messages.create(model="claude-sonnet-4-20250514", messages=[])
groq = Groq()
groq.chat.completions.create(model="llama-3.3-70b-versatile", messages=[])
Mistral().chat.complete(model="mistral-large-latest", messages=[])
co = cohere.ClientV2()
co.chat(model="command-r-plus-08-2024", messages=[])
co.rerank(model="rerank-v3.5", query="", documents=[])
genai.Client().models.generate_content(model="gemini-2.5-flash", contents="")
litellm.completion(model="azure/gpt-4o-mini", messages=[])
litellm.completion("anthropic/claude-3-5-haiku-20241022", [])
ChatOpenAI(model="gpt-4.1")
ChatOpenAI(model_name="gpt-4.1-mini")
AzureChatOpenAI(azure_deployment="chat-prod")
OpenAIEmbeddings(model="text-embedding-3-large")
ChatBedrock(model_id="anthropic.claude-3-5-sonnet-20240620-v1:0")
init_chat_model("gpt-5", model_provider="openai")
HuggingFaceEmbedding(model_name="BAAI/bge-small-en-v1.5")
LlamaAnthropic(model="claude-opus-4-20250514")
bedrock = boto3.client("bedrock-runtime")
bedrock.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=b"")
bedrock.converse(modelId="arn:aws:bedrock:eu-central-1::foundation-model/meta.llama3-70b-instruct-v1:0")
elsewhere = OpenAI(base_url="https://router.example/v1")
elsewhere.chat.completions.create(model="deepseek/deepseek-chat", messages=[])
Agent(model="gpt-4o")
Agent("unknown", model="our-model")


class Assistant:
    def __init__(self):
        self.client = AsyncOpenAI()
        self.cohere = cohere.AsyncClient()

    async def ask(self):
        await self.client.chat.completions.create(model="gpt-4o-mini", messages=[])
        await self.cohere.embed(model="embed-multilingual-v3.0", texts=[])


async def more():
    await acompletion(model="gemini/gemini-2.5-pro", messages=[])
    embedding(model="voyage/voyage-3", input=[])

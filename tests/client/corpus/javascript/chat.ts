import OpenAI from 'openai';
import { openai } from '@ai-sdk/openai';
import { google } from '@ai-sdk/google';
import { pipeline, AutoModel } from '@huggingface/transformers';
import { ChatOpenAI } from '@langchain/openai';

// const model = 'gpt-4o-in-a-comment';
const MODEL = 'gpt-4o-2024-08-06';
const EMBEDDER = 'Xenova/all-MiniLM-L6-v2';
const client = new OpenAI();

export async function ask(model: string) {
  await client.chat.completions.create({ model: MODEL, messages: [] });
  await client.responses.create({ model: "o3-mini", input: '' });
  await client.chat.completions.create({ model: process.env.CHAT_MODEL ?? 'gpt-4.1', messages: [] });
  await client.chat.completions.create({ model, messages: [] });
  const chat = new ChatOpenAI({ modelName: 'gpt-4.1-mini' });
  const text = await generateText({ model: openai('gpt-5'), prompt: '' });
  const image = google.textEmbeddingModel('text-embedding-004');
  const embed = await pipeline('feature-extraction', EMBEDDER);
  const classify = await pipeline('sentiment-analysis', 'Xenova/distilbert-base-uncased-finetuned-sst-2-english', { revision: 'abc123' });
  const loaded = await AutoModel.from_pretrained('onnx-community/Qwen2.5-0.5B-Instruct');
  const named = await AutoModel.from_pretrained(model);
  await bedrock.send(new InvokeModelCommand({ modelId: 'anthropic.claude-3-haiku-20240307-v1:0' }));
}

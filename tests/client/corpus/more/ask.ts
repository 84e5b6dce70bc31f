import OpenAI from "openai";
const client = new OpenAI();
await client.chat.completions.create({ messages: [{ role: "user" }], model: chosen });
await client.chat.completions.create({ model: `gpt-4o-${size}` });
type Options = { model: string };

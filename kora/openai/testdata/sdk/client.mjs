// Drives a KORA with the official OpenAI client for Node, unmodified. It prints a
// line for each thing that works and ends with 1 at the first that does not.
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "unused" });
const user = (content) => [{ role: "user", content }];
const weather = { type: "function", function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } };

const steps = {
  async models() {
    const names = [];
    for await (const m of client.models.list()) names.push(m.id);
    assert.deepEqual(names, ["krako-auto", "krako-det", "tiny"]);
    assert.equal((await client.models.retrieve("krako-det")).object, "model");
  },
  async chat() {
    const r = await client.chat.completions.create({ model: "krako-det", messages: user("what is 15% of 2,340") });
    assert.equal(r.choices[0].message.content, "351");
    assert.equal(r.usage.total_tokens, 0);
    assert.equal(r.krako.execution, "deterministic");
  },
  async refusal() {
    const r = await client.chat.completions.create({ model: "krako-det", messages: user("why is the sky blue?") });
    assert.equal(r.choices[0].message.content, null);
    assert.ok(r.choices[0].message.refusal);
  },
  async stream() {
    const s = client.chat.completions.stream({ model: "krako-auto", messages: user("blue?"), stream_options: { include_usage: true } });
    let text = "";
    s.on("content", (t) => (text += t));
    const whole = await s.finalChatCompletion();
    assert.equal(text, "It is blue?");
    assert.equal(whole.choices[0].message.content, text);
    assert.equal((await s.totalUsage()).total_tokens, 9);
  },
  async tools() {
    const done = await client.chat.completions.runTools({
      model: "krako-auto", messages: user("is it cold in Oslo?"), tool_choice: "auto",
      tools: [{ ...weather, function: { ...weather.function, parse: JSON.parse, function: ({ city }) => city + " is cold" } }],
    }, { maxChatCompletions: 1 });
    const call = (await done.finalMessage().catch(() => done.messages.find((m) => m.tool_calls)))?.tool_calls?.[0] ?? done.messages[1].tool_calls[0];
    assert.equal(call.function.arguments, '{"city":"Oslo"}');
    const s = client.chat.completions.stream({ model: "krako-auto", messages: user("cold?"), tools: [weather] });
    assert.equal((await s.finalChatCompletion()).choices[0].message.tool_calls[0].function.name, "weather");
  },
  async format() {
    const r = await client.chat.completions.parse({
      model: "krako-auto", messages: user("how old?"),
      response_format: { type: "json_schema", json_schema: { name: "age", strict: true, schema: { type: "object", properties: { age: { type: "integer" } } } } },
    });
    assert.equal(r.choices[0].message.content, '{"age":7}');
  },
  async responses() {
    const r = await client.responses.create({ model: "krako-auto", input: "what is 2 + 2" });
    assert.equal(r.output_text, "4");
    const s = client.responses.stream({ model: "krako-auto", input: "blue?" });
    let text = "";
    s.on("response.output_text.delta", (e) => (text += e.delta));
    assert.equal((await s.finalResponse()).output_text, text);
    assert.equal(text, "It is blue?");
  },
  async "background and resume"() {
    const r = await client.responses.create({ model: "krako-auto", input: "blue?", background: true });
    let next = 4;
    for await (const e of await client.responses.retrieve(r.id, { stream: true, starting_after: 3 })) assert.equal(e.sequence_number, next++);
    assert.ok(next > 4, "there were events to resume at");
    assert.equal((await client.responses.retrieve(r.id)).output_text, "It is blue?");
    const w = await client.responses.create({ model: "krako-auto", input: "wait", background: true });
    assert.equal((await client.responses.cancel(w.id)).status, "cancelled");
    await client.responses.delete(w.id);
  },
  async embeddings() {
    const r = await client.embeddings.create({ model: "tiny", input: ["a", "b"] }); // base64 on the wire
    assert.deepEqual(Array.from(r.data[1].embedding), [0.5, -1]);
  },
  async errors() {
    await assert.rejects(client.chat.completions.create({ model: "krako-auto", n: 2, messages: user("x") }), (e) => e instanceof OpenAI.BadRequestError && e.param === "n");
    await assert.rejects(client.responses.retrieve("resp_none"), (e) => e instanceof OpenAI.NotFoundError);
  },
};

for (const [name, step] of Object.entries(steps)) {
  await step();
  console.log(name + ": ok");
}

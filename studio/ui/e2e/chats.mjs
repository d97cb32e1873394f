// Chats that were exported somewhere, with runs that would take long to make here.
import { randomUUID } from 'node:crypto'

const graph = (units, last) => ({ schema_version: '1.0', graph_id: randomUUID(), request_id: randomUUID(), tenant_id: 'local', work_units: units, outputs: { final: [{ work_unit_id: last }] } })

/** One question and its answer. */
function chat(title, said, reply) {
  const id = randomUUID(), you = randomUUID(), kora = randomUUID(), run = randomUUID()
  const message = (m) => ({ chat: id, created: Date.now(), text: '', run: '', parent: '', attachments: [], ...m })
  return {
    format: 'kora-chat/1', chat: { id, title, created: 1, updated: 1, leaf: kora, place: '', agreed: '' },
    messages: [message({ id: you, role: 'user', text: title }), message({ id: kora, parent: you, role: 'assistant', text: said, run })],
    runs: [{ id: run, message: kora, request: {}, events: [], reply: { reply: { run_id: run, text: said, ...reply } } }],
  }
}

/** Its run has a graph of n units. */
export function graphOf(n) {
  const id = (i) => `u${i}`
  const units = Array.from({ length: n }, (_, i) => ({
    id: id(i), name: `step ${i}`, type: 'deterministic', program: { task: 'num/eval@1' }, input: { expression: `${i}+1` },
    ...(i ? { dependencies: [...new Set([id(Math.floor((i - 1) / 3)), ...(i % 7 === 0 ? [id(i - 1)] : [])])] } : {}),
  }))
  return chat(`${n} units`, 'done', { kind: 'deterministic', plan: { kind: 'deterministic', graph: graph(units, id(n - 1)), cid: '', decisions: [] }, steps: n, without_model: n })
}

/** It ran elsewhere: a graph, what its gateway told of it, and the result. */
export function ranThere(gateway, graph, events, result) {
  const it = chat('Ran elsewhere', 'done', { kind: 'deterministic', plan: { kind: 'deterministic', graph, cid: '', decisions: [] }, result, steps: graph.work_units.length, without_model: graph.work_units.length })
  it.runs[0].events = events
  it.runs[0].reply.gateway = gateway
  return it
}

/** A model said this. */
export function saidBy(text) {
  const units = [{ id: 'answer', type: 'llm', model: { operation: 'generate', tier: 'small', prompt: 'say it' } }]
  return chat('What does a model say?', text, { kind: 'model', plan: { kind: 'model', graph: graph(units, 'answer'), cid: '', decisions: [] }, steps: 1, without_model: 0 })
}

/** Imports a chat; returns its id here. */
export async function bring(base, chat) {
  const r = await fetch(`${base}/api/chats`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(chat) })
  if (!r.ok) throw new Error(await r.text())
  return (await r.json()).id
}

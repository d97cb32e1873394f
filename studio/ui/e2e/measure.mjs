// Measures the page in Chromium and prints the figures of docs/benchmarks.md:
//   KRAKO_LLAMA_SERVER=$(../../scripts/llama-server) node e2e/measure.mjs
// Time is that of the page's main thread on a processor, so that other work of the
// machine does not count; only for the graph the wall clock is printed beside it.
import { randomUUID } from 'node:crypto'
import { openPage, startBrowser, startStudio } from './harness.mjs'
import { startModel } from './llama.mjs'

const browser = await startBrowser()
const bound = (name, value, unit, most) => console.log(`${name}: ${value} ${unit}${most === undefined ? '' : `, at most ${most} wanted${value <= most ? '' : ' (MISSED)'}`}`)

/** Milliseconds that the main thread has been busy since the page began, on a processor. */
async function busy(page) {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => {
    const { metrics } = await cdp.send('Performance.getMetrics')
    return metrics.find((m) => m.name === 'TaskDuration').value * 1000
  }
}

/** A chat that was exported somewhere, whose run has a graph of so many units. */
function chatOf(n) {
  const id = (i) => `u${i}`
  const units = Array.from({ length: n }, (_, i) => ({
    id: id(i), name: `step ${i}`, type: 'deterministic', program: { task: 'num/eval@1' }, input: { expression: `${i}+1` },
    ...(i ? { dependencies: [...new Set([id(Math.floor((i - 1) / 3)), ...(i % 7 === 0 ? [id(i - 1)] : [])])] } : {}),
  }))
  const chat = randomUUID(), you = randomUUID(), kora = randomUUID(), run = randomUUID()
  const graph = { schema_version: '1.0', graph_id: randomUUID(), request_id: randomUUID(), tenant_id: 'local', work_units: units, outputs: { final: [{ work_unit_id: id(n - 1) }] } }
  const message = (m) => ({ chat, created: Date.now(), text: '', run: '', parent: '', attachments: [], ...m })
  return {
    format: 'kora-chat/1', chat: { id: chat, title: `${n} units`, created: 1, updated: 1, leaf: kora, place: '', agreed: '' },
    messages: [message({ id: you, role: 'user', text: 'a large graph' }), message({ id: kora, parent: you, role: 'assistant', text: 'done', run })],
    runs: [{ id: run, message: kora, request: {}, events: [], reply: { reply: { run_id: run, text: 'done', kind: 'deterministic', plan: { kind: 'deterministic', graph, cid: '', decisions: [] }, steps: n, without_model: n } } }],
  }
}

async function graphs() {
  const studio = await startStudio('--no-models')
  try {
    for (const [n, most] of [[200, 300], [3000, 1000]]) {
      const r = await fetch(`${studio.base}/api/chats`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(chatOf(n)) })
      if (!r.ok) throw new Error(await r.text())
      const { id } = await r.json()
      const { page, close } = await openPage(browser, studio.base, { at: `/c/${id}` })
      await page.getByRole('button', { name: 'Deterministic' }).click()
      await page.getByRole('tab', { name: 'TaskGraph' }).waitFor()
      const clock = await busy(page)
      const before = await clock()
      // Interactive: every unit is there, and two frames were drawn since.
      const wall = await page.evaluate(async (n) => {
        const began = performance.now()
        document.getElementById('tab-graph').click()
        const frame = () => new Promise(requestAnimationFrame)
        while (document.querySelectorAll('[data-unit]').length < n) await frame()
        await frame()
        await frame()
        return performance.now() - began
      }, n)
      const nodes = await page.evaluate(() => document.querySelectorAll('.canvas *').length)
      bound(`graph of ${n} units, interactive`, Math.round(await clock() - before), 'ms of the main thread', most)
      console.log(`  ${Math.round(wall)} ms by the clock, ${(nodes / n).toFixed(1)} elements a unit`)
      await close()
    }
  } finally {
    await studio.stop()
  }
}

async function stream() {
  const model = await startModel('32768')
  if (!model) return console.log('no llama-server: the stream is not measured')
  const studio = await startStudio('--model-server', `llama.cpp=${model.url}`)
  try {
    const { page, close } = await openPage(browser, studio.base)
    await fetch(`${studio.base}/api/settings/max_tokens`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ value: 4000 }) })
    await page.reload()
    const box = page.getByRole('textbox', { name: 'Message', exact: true })
    await box.fill('write a long poem about the sea')
    const clock = await busy(page)
    const before = await clock()
    const began = Date.now()
    await box.press('Enter')
    await page.locator('article.kora').last().getByRole('list', { name: 'How this was answered' }).waitFor({ timeout: 600_000 })
    const took = Date.now() - began
    const used = await clock() - before
    const tokens = await page.locator('article.kora').last().getByRole('button', { name: /tokens$/ }).innerText()
    console.log(`stream of ${tokens} in ${(took / 1000).toFixed(1)} s: main thread ${Math.round(used)} ms`)
    bound('  busy while it streamed', Number(((used / took) * 100).toFixed(1)), '%', 15)
    await close()
  } finally {
    await Promise.all([studio.stop(), model.stop()])
  }
}

try {
  await graphs()
  await stream()
} finally {
  await browser.close()
}

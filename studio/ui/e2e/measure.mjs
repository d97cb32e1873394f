// Measures the page in Chromium, prints the figures of docs/benchmarks.md and fails if
// one is more than its bound:
//   npm run measure
// Time is that of the page's main thread on a processor, so that other work of the
// machine does not count; only for the graph the wall clock is printed beside it.
import { execFileSync } from 'node:child_process'
import { bring, graphOf } from './chats.mjs'
import { openPage, startBrowser, startStudio } from './harness.mjs'
import { repeater, startModel } from './llama.mjs'
import { most, pages, weigh } from './size.mjs'

process.env.KRAKO_LLAMA_SERVER ??= execFileSync('../../scripts/llama-server', { encoding: 'utf8' }).trim()

const missed = []
function bound(name, value, unit, most) {
  if (!(value <= most)) missed.push(name)
  console.log(`${name}: ${value} ${unit}, at most ${most}${value <= most ? '' : ': MISSED'}`)
}

/** Milliseconds that the main thread has been busy since the page began, on a processor. */
async function busy(page) {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => {
    const { metrics } = await cdp.send('Performance.getMetrics')
    return metrics.find((m) => m.name === 'TaskDuration').value * 1000
  }
}

async function graphs() {
  const studio = await startStudio('--no-models')
  try {
    for (const [n, most] of [[200, 300], [3000, 1000]]) {
      const id = await bring(studio.base, graphOf(n))
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

/** Answers of so many tokens as the model says them, then the same at other rates. */
async function streams() {
  const model = await startModel('32768')
  const again = await repeater(model.url)
  const studio = await startStudio('--model-server', `llama.cpp=${again.url}`)
  try {
    for (const [value, rate] of [[4000, 0], [4000, 150], [4000, 550], [8000, 0], [8000, 2200]]) {
      await fetch(`${studio.base}/api/settings/max_tokens`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ value }) })
      again.rate = rate
      const { page, close } = await openPage(browser, studio.base)
      const box = page.getByRole('textbox', { name: 'Message', exact: true })
      await box.fill('write a long poem about the sea')
      const clock = await busy(page)
      const before = await clock()
      const began = Date.now()
      await box.press('Enter')
      await page.locator('article.kora').last().getByRole('list', { name: 'How this was answered' }).waitFor({ timeout: 600_000 })
      const took = Date.now() - began
      const used = await clock() - before
      const tokens = Number((await page.locator('article.kora').last().getByRole('button', { name: /tokens$/ }).innerText()).replace(/\D/g, ''))
      const what = rate ? `at ${rate} a second` : 'as the model says them'
      bound(`main thread busy, ${value} tokens ${what}`, Number(((used / took) * 100).toFixed(1)), '%', 15)
      console.log(`  ${tokens} tokens in ${(took / 1000).toFixed(1)} s: ${Math.round(used)} ms of the main thread, ${Math.round((used / tokens) * 1000)} ms a thousand`)
      await close()
    }
  } finally {
    again.stop()
    await Promise.all([studio.stop(), model.stop()])
  }
}

async function sizes() {
  const { first, all } = await weigh(...pages.Studio)
  bound('first script, compressed', first / 1000, 'kB', most.first / 1000)
  bound('the whole page, as it is embedded', all / 1000, 'kB', most.all / 1000)
}

const browser = await startBrowser()
try {
  await sizes()
  await graphs()
  await streams()
} finally {
  await browser.close()
}
if (missed.length) {
  console.error(`missed: ${missed.join('; ')}`)
  process.exitCode = 1
}

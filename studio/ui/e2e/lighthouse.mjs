// What Lighthouse says of Studio and of the console, as of a phone on a slow network.
// Fails if a page scores less than it must:
//   npm run lighthouse
//   npm run lighthouse -- --short    two pages, and nothing that depends on the machine
// Performance is the best of a few runs: what else the machine does only ever takes from it.
import lighthouse from 'lighthouse'
import puppeteer from 'puppeteer-core'
import { ask, both, executablePath, launchArguments, openPage, startBrowser, startKrako, startStudio } from './harness.mjs'

const short = process.argv.includes('--short')
const least = { ...(short ? {} : { performance: 95 }), accessibility: 100, 'best-practices': 95 }
const runs = 4
const missed = []

/** The scores of a page, and what took from them. */
async function audit(browser, name, url, prepare = () => {}) {
  let best, broken
  for (let n = 0; n < runs && !(best && (short || best.scores.performance >= least.performance)); n++) {
    const page = await browser.newPage()
    try {
      await prepare(page)
      const { lhr } = await lighthouse(url, { onlyCategories: Object.keys(least), logLevel: 'error', disableStorageReset: true, maxWaitForLoad: 10_000 }, undefined, page)
      if (lhr.runtimeError) {
        broken = lhr.runtimeError // of Lighthouse, as when a busy machine kept it from its trace
        continue
      }
      const scores = Object.fromEntries(Object.entries(lhr.categories).map(([id, c]) => [id, Math.round(c.score * 100)]))
      const why = Object.values(lhr.categories).flatMap((c) => c.auditRefs.filter((r) => r.weight > 0 && (lhr.audits[r.id].score ?? 1) < 0.9).map((r) => `${lhr.audits[r.id].title}${lhr.audits[r.id].displayValue ? ` (${lhr.audits[r.id].displayValue})` : ''}`))
      if (!best || scores.performance > best.scores.performance) best = { scores, why }
    } finally {
      await page.close()
    }
  }
  if (!best) throw new Error(`${name}: ${broken.message}`)
  const less = Object.entries(least).filter(([id, score]) => !(best.scores[id] >= score))
  console.log(`${name}: ${Object.keys(least).map((id) => `${id} ${best.scores[id]}`).join(', ')}${less.length ? `: MISSED ${less.map(([id, score]) => `${id} ${score}`).join(', ')}` : ''}`)
  for (const w of best.why) console.log(`  ${w}`)
  if (less.length) missed.push(name)
}

const [studio, krako, chromium] = await Promise.all([startStudio('--no-models'), startKrako('1'), startBrowser()])
const browser = await puppeteer.launch({ executablePath, args: launchArguments })
try {
  // A chat with two answers, and where the inspector of the second is.
  const { page, close } = await openPage(chromium, studio.base)
  await ask(page, both)
  await ask(page, 'convert 10 kilograms to pounds')
  const chat = page.url()
  const inspector = {}
  for (const tab of ['Why', 'TaskGraph', 'Overview']) {
    if (tab === 'Why') await page.locator('article.kora').first().getByRole('button', { name: 'Deterministic' }).click()
    await page.getByRole('tab', { name: tab }).click()
    inspector[tab] = page.url()
  }
  await close()
  await krako.ready(1)
  await krako.submit('2 + 2')

  const withKey = (page) => page.evaluateOnNewDocument((key) => sessionStorage.setItem('key', key), krako.key)
  if (!short) {
    await audit(browser, 'Studio, a new chat', studio.base)
    await audit(browser, 'Studio, a chat', chat)
    await audit(browser, 'Studio, inspector, Why', inspector.Why)
    await audit(browser, 'Studio, inspector, Overview', inspector.Overview)
    await audit(browser, 'console, before a key', `${krako.api}/console`)
  }
  await audit(browser, 'Studio, inspector, TaskGraph', inspector.TaskGraph)
  await audit(browser, 'console', `${krako.api}/console`, withKey)
} finally {
  await Promise.all([browser.close(), chromium.close(), studio.stop(), krako.stop()])
}
if (missed.length) {
  console.error(`missed: ${missed.join('; ')}`)
  process.exitCode = 1
}

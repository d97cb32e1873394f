// What a page may not do, whoever wrote what is in it, and who may ask.
import assert from 'node:assert/strict'
import { request as ask } from 'node:http'
import { networkInterfaces } from 'node:os'
import { after, before, test } from 'node:test'
import { bring, saidBy } from './chats.mjs'
import { ask as answer, openPage, startBrowser, startStudio } from './harness.mjs'

let studio, browser
before(async () => {
  ;[studio, browser] = await Promise.all([startStudio('--no-models'), startBrowser()])
})
after(async () => {
  await browser?.close()
  await studio?.stop()
})

/** The status of a request with headers that a browser would not let a page set. */
const status = (url, headers) =>
  new Promise((found, failed) => {
    const { hostname, port, pathname, search } = new URL(url)
    ask({ hostname, port, path: pathname + search, headers }, (r) => r.resume().on('end', () => found(r.statusCode))).on('error', failed).end()
  })

const hostile = `<script>window.ran = 'script'</script>
<img src=x onerror="window.ran = 'img'"><svg onload="window.ran = 'svg'"></svg>
<iframe srcdoc="<script>parent.ran = 'iframe'</script>"></iframe><style>body { display: none }</style>
<form action="https://evil.example/"><button>Send</button></form>
![pixel](https://evil.example/pixel.png) <a href="javascript:window.ran = 'link'">click</a> [too](javascript:window.ran='markdown')

The end.`

test('what a model writes is shown, never run, and fetches nothing', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base, { at: `/c/${await bring(studio.base, saidBy(hostile))}` })
  const prose = page.locator('.prose')
  await prose.getByText('The end.').waitFor()
  for (const link of await prose.getByText(/click|too/).all()) await link.click({ noWaitAfter: true })
  assert.equal(await page.evaluate(() => window.ran), undefined)
  assert.equal(await prose.locator('script, img, svg, iframe, style, form').count(), 0)
  assert.deepEqual(wrong.filter((w) => !w.includes('Content Security Policy')), []) // it is refused while it is being cleaned, too
  await close()
})

test('the policy holds against what gets into the page all the same', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  const answers = []
  page.on('response', (r) => r.url().startsWith(studio.base) || answers.push(r.url()))
  const refused = await page.evaluate(async () => {
    const violations = []
    document.addEventListener('securitypolicyviolation', (e) => violations.push(e.effectiveDirective))
    const add = (tag, set) => document.body.append(Object.assign(document.createElement(tag), set))
    add('script', { textContent: 'window.ran = 1' })
    add('img', { src: 'https://evil.example/pixel.png' })
    add('iframe', { src: 'https://evil.example/' })
    await fetch('https://evil.example/').catch(() => {})
    for (const end = performance.now() + 10_000; violations.length < 4 && performance.now() < end; ) await new Promise(requestAnimationFrame)
    return { violations: violations.sort(), ran: window.ran }
  })
  assert.deepEqual(refused, { violations: ['connect-src', 'frame-src', 'img-src', 'script-src-elem'], ran: undefined })
  assert.deepEqual(wrong.filter((w) => !w.includes('Content Security Policy') && !w.includes('evil.example')), [])
  assert.deepEqual(answers, [], 'nobody there was reached')
  await close()
})

test('another name, another page, another site: none is answered', async () => {
  const at = `${studio.base}/api/state`
  const { host } = new URL(at)
  assert.equal(await status(at, {}), 200)
  assert.equal(await status(at, { Host: 'evil.example' }), 403)
  assert.equal(await status(at, { Host: host, Origin: 'https://evil.example' }), 403)
  assert.equal(await status(at, { Host: host, Origin: 'null' }), 403)
  assert.equal(await status(at, { Host: host, Origin: `http://${host}` }), 200)
  assert.equal(await status(at, { Host: host, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }), 403)
})

test('off loopback a token is wanted, and the browser keeps it', async () => {
  const { address } = Object.values(networkInterfaces()).flat().find((i) => i.family === 'IPv4' && !i.internal) ?? { address: '0.0.0.0' }
  const open = await startStudio('--no-models', '--listen', `${address}:0`)
  try {
    const { base, token } = open
    assert.match(token, /^[A-Z2-7]{20,}$/)
    assert.equal(await status(`${base}/`, {}), 403)
    assert.equal(await status(`${base}/api/state`, {}), 403)
    assert.equal(await status(`${base}/api/state`, { Authorization: `Bearer ${token}x` }), 403)
    assert.equal(await status(`${base}/api/state`, { Authorization: `Bearer ${token}` }), 200)
    const { page, wrong, close } = await openPage(browser, base, { at: `/?token=${token}` })
    await page.getByRole('heading', { name: 'Ask, and see why.' }).waitFor()
    await page.goto(base)
    await page.getByRole('heading', { name: 'Ask, and see why.' }).waitFor()
    await answer(page, '2 + 2') // without what browsers keep for secure contexts
    assert.match(await page.locator('article.kora').innerText(), /4/)
    await page.getByRole('button', { name: 'Copy answer' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    assert.doesNotMatch(await page.evaluate(() => document.cookie), /./, 'scripts do not see it')
    assert.deepEqual(wrong.filter((w) => !w.includes('Cross-Origin-Opener-Policy')), []) // which counts for HTTPS and loopback only
    await close()
  } finally {
    await open.stop()
  }
})

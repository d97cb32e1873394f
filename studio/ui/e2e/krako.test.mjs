// Questions that run on a real Krako, started here: consent, quotes, receipts, and a
// node that is killed while somebody watches.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { checker } from './axe.mjs'
import { bring, ranThere } from './chats.mjs'
import { answered, ask, both, openPage, startBrowser, startKrako, startStudio } from './harness.mjs'

let krako, studio, browser
before(async () => {
  ;[krako, studio, browser] = await Promise.all([startKrako('2'), startStudio('--no-models'), startBrowser()])
  await krako.ready(2)
})
after(async () => {
  await browser?.close()
  await Promise.all([studio?.stop(), krako?.stop()])
})

const where = (page) => page.getByRole('combobox', { name: 'Where to run' })

test('a fabric is named, agreed to, and runs a question; a node dies while it does', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  const told = []
  page.on('response', async (r) => r.url().includes('/api/') && !r.url().includes('/stream') && told.push(await r.text().catch(() => '')))
  assert.equal(await where(page).count(), 0, 'nowhere to go without a fabric')

  await page.getByRole('button', { name: 'This computer' }).click()
  const settings = page.getByRole('dialog', { name: 'Krako' })
  await settings.getByLabel('Gateway').fill(krako.api)
  await settings.getByLabel('API key').fill(krako.key)
  await settings.getByRole('button', { name: 'Connect' }).click()
  await settings.getByText('2 nodes').waitFor()
  await checker(page)('a fabric that is connected')
  assert.equal(await settings.getByRole('list', { name: 'Nodes' }).getByRole('listitem').count(), 2)
  await settings.getByRole('button', { name: 'Close' }).click()
  assert.equal((await stat(join(studio.dir, 'studio', 'fabric.json'))).mode & 0o777, 0o600)

  // Nothing goes there by itself, and nothing before somebody agreed.
  await ask(page, '2 + 2')
  assert.equal((await krako.call('GET', '/v1/sessions')).sessions.length, 0)
  await page.getByRole('button', { name: 'New chat' }).first().click()
  await where(page).selectOption('Krako')
  const box = page.getByRole('textbox', { name: 'Message', exact: true })
  await box.fill(both)
  await box.press('Enter')
  const consent = page.getByRole('dialog', { name: 'Send this chat to Krako?' })
  await consent.getByText(krako.api).waitFor()
  await checker(page)('consent')
  await consent.getByRole('button', { name: 'Keep it here' }).click()
  await consent.waitFor({ state: 'detached' })
  assert.equal(await box.inputValue(), both, 'what was not sent is still there')
  assert.equal((await krako.call('GET', '/v1/sessions')).sessions.length, 0)

  // Both nodes stand still, so that the question waits on one of them; that one dies.
  for (const i of [1, 2]) krako.signal(i, 'SIGSTOP')
  await box.press('Enter')
  await consent.getByRole('button', { name: 'Agree, for this chat' }).click()
  await page.locator('article.kora .working').getByText('of 3 steps done').waitFor()
  await page.locator('body').evaluate(() => document.activeElement.blur())
  await page.keyboard.press('i')
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByRole('tab', { name: 'TaskGraph' }).click()
  await inspector.locator('.unit.dispatched, .unit.running').first().waitFor()
  krako.signal(1, 'SIGKILL') // krako up starts it again
  krako.signal(2, 'SIGCONT')
  await answered(page)

  const reply = page.locator('article.kora')
  assert.match(await reply.innerText(), /351\s+259 days/)
  assert.match(await reply.innerText(), /Krako, \d node/)
  await inspector.locator('[data-unit="c2.1"]').click()
  const step = page.getByRole('dialog', { name: /Step days from/ })
  await step.getByRole('button', { name: 'Verify signature' }).click()
  for (const part of ['Result', 'Output', 'Unit', 'Signature']) await step.getByText(`${part} holds`).waitFor()
  await step.getByText(/Ed25519 by 12D3Koo/).waitFor()
  await step.getByText(/out of \d that could/).first().waitFor()

  // A graph gives the same results here, byte for byte.
  await inspector.getByRole('tab', { name: 'Overview' }).click()
  await inspector.getByRole('button', { name: 'Run it here' }).click()
  await inspector.getByText('All 3 results are the same, byte for byte').waitFor()

  // Agreed once for the chat; another chat stays here.
  await page.reload()
  await where(page).waitFor()
  assert.equal(await where(page).inputValue(), 'krako')
  await page.getByRole('button', { name: 'New chat' }).first().click()
  assert.equal(await where(page).inputValue(), '')
  assert.ok(told.length > 10 && told.every((t) => !t.includes(krako.key.slice(-20))), 'the page was told the key')
  assert.deepEqual(wrong, [])
  await close()
})

test('a step that brings its own check shows what that said', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  const put = await page.request.put(`${studio.base}/api/fabric`, { data: { url: krako.api, key: krako.key } })
  assert.ok(put.ok())
  // The suite's guests: one adds, the other wants the last digit of its input back.
  const guest = async (name) => {
    const wasm = await readFile(`../../contracts/conformance/guests/${name}`)
    const { cid } = await (await fetch(`${studio.base}/api/attachments?name=${name}`, { method: 'POST', headers: { 'Content-Type': 'application/wasm' }, body: wasm })).json()
    const kept = await fetch(`${krako.api}/v1/blocks?cid=${cid}`, { method: 'PUT', headers: { Authorization: `Bearer ${krako.key}`, 'Content-Type': 'application/vnd.ipld.raw' }, body: wasm })
    assert.equal(kept.status, 200, await kept.text())
    return { module: { '/': cid } }
  }
  const [adder, checked] = [await guest('reactor.wasm'), await guest('checker.wasm')]
  const unit = (id, n) => ({ id, name: id, type: 'deterministic', program: { ...adder, entry: 'add' }, input: { n }, verify_with: checked, critical: false })
  const graph = {
    schema_version: '1.0', graph_version: 'test', graph_id: randomUUID(), request_id: randomUUID(), tenant_id: 'local', created_at: new Date().toISOString(),
    budgets: {}, policies: { failure_policy: 'continue_on_error' }, work_units: [unit('agreed', 7), unit('refused', [3, 4])], outputs: { final: [{ work_unit_id: 'agreed' }] },
  }
  const { execution_session_id: session } = await krako.call('POST', '/v1/sessions', { task_graph: graph, submission_metadata: { submitted_at: new Date().toISOString(), kora_version: 'test' } })
  const result = await krako.call('GET', `/v1/sessions/${session}/result?wait=60s`)
  const told = await (await fetch(`${krako.api}/v1/sessions/${session}/events`, { headers: { Authorization: `Bearer ${krako.key}` } })).text()
  const events = told.split('\n\n').map((f) => /^data: (.*)$/m.exec(f)?.[1]).filter(Boolean).map((d) => JSON.parse(d))

  await page.goto(`${studio.base}/c/${await bring(studio.base, ranThere(krako.api, graph, events, result))}`)
  await page.locator('article.kora').getByRole('button', { name: 'Deterministic' }).click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByRole('tab', { name: 'TaskGraph' }).click()
  const verdicts = page.getByRole('list', { name: 'Verdicts of the checker' })
  await inspector.locator('[data-unit="agreed"]').click()
  assert.match(await verdicts.innerText(), /^Valid\s+Attempt 1, checked by 12D3\S+ after [\d.]+ m?s$/)
  await checker(page)('verdict')
  await page.getByRole('button', { name: 'Close the step' }).click()
  await inspector.locator('[data-unit="refused"]').click()
  await verdicts.getByText('the last digit is another').waitFor()
  assert.match(await verdicts.innerText(), /^Refused/)
  assert.deepEqual(wrong, [])
  await close()
})

test('what costs something is quoted first, and says what it cost', async () => {
  await krako.call('PUT', '/v1/prices', {
    version: 'test-1', currency: 'USD', cpu: { per_gfuel: '0.5', minimum: '0.001' }, llm: {}, operator_share: '0.9', cached_share: '0.1',
  })
  await krako.call('POST', '/v1/wallets/local/grants', { grant_id: 'first', amount: '100' })
  const { page, wrong, close } = await openPage(browser, studio.base)
  await where(page).selectOption('Krako')
  const box = page.getByRole('textbox', { name: 'Message', exact: true })
  await box.fill('convert 10 kilograms to pounds')
  await box.press('Enter')
  await page.getByRole('button', { name: 'Agree, for this chat' }).click()
  const quote = page.getByRole('dialog', { name: 'Run this on Krako?' })
  await quote.getByText('100', { exact: false }).first().waitFor()
  assert.match(await quote.innerText(), /\d+(\.\d+)? USD\s+at most/)
  await checker(page)('quote')
  await quote.getByRole('button', { name: 'Run it' }).click()
  await answered(page)
  const badges = page.getByRole('list', { name: 'How this was answered' })
  await badges.getByRole('button', { name: /^\$0\.\d+$/ }).waitFor()
  await page.getByRole('button', { name: 'Krako', exact: true }).click()
  await page.getByRole('dialog', { name: 'Krako' }).getByText('Wallet of local').waitFor()
  assert.deepEqual(wrong, [])
  await close()
})

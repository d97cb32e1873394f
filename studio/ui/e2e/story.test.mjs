// What a person does with Studio, in a real browser.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { answered, ask, both, openPage, startBrowser, startStudio, toldOf } from './harness.mjs'

let studio, browser
before(async () => {
  // Its own cache, so that the first run of all has to compile its tasks.
  process.env.XDG_CACHE_HOME = await mkdtemp(join(tmpdir(), 'cache-'))
  ;[studio, browser] = await Promise.all([startStudio(), startBrowser()])
})
after(async () => {
  await browser?.close()
  await studio?.stop()
  await rm(process.env.XDG_CACHE_HOME, { recursive: true, force: true })
})

test('a stream that is cut after every event makes the same page', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  // The stream is asked for the moment the question is taken, before it can be over, and
  // told one frame a connection.
  let frames
  let cuts = 0
  await page.route('**/api/messages', async (route) => {
    const told = await toldOf(page, route, studio.base)
    frames = told.frames
    await route.fulfill({ response: told.response })
  })
  await page.route('**/stream', async (route) => {
    const last = Number((await route.request().allHeaders())['last-event-id'] ?? 0)
    cuts++
    await route.fulfill({ status: 200, contentType: 'text/event-stream', body: `${frames[last]}\n\nid: 999\nevent: text\ndata: {"text":"a frame that is cut` })
  })
  await ask(page, both)
  assert.ok(frames.length > 15 && cuts === frames.length, `${cuts} connections for ${frames.length} frames`)
  const seen = await page.locator('article.kora').innerText()
  assert.match(seen, /351\s+259 days/)
  await page.unrouteAll()
  await page.reload()
  await answered(page)
  assert.equal(await page.locator('article.kora').innerText(), seen)
  assert.deepEqual(wrong, [])
  await close()
})

test('ask for two things, see why, verify a signature, take the bundle away', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  await ask(page, both)
  const reply = page.locator('article.kora')
  assert.match(await reply.innerText(), /351\s+259 days/)
  assert.match(await reply.innerText(), /3 of 3 steps without a model/)
  await reply.getByRole('button', { name: 'Deterministic' }).click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByText('No model was asked.').waitFor()
  assert.equal(await inspector.locator('mark').count(), 2, 'both parts of the question are marked')

  await inspector.getByRole('tab', { name: 'TaskGraph' }).click()
  await inspector.locator('[data-unit]').first().waitFor()
  assert.equal(await inspector.locator('[data-unit]').count(), 3)
  assert.equal(await inspector.locator('path.edge').count(), 2, 'two branches')
  await inspector.locator('[data-unit="c2.1"]').click()
  const step = page.getByRole('dialog', { name: /Step days from/ })
  await step.getByRole('button', { name: 'Verify signature' }).click()
  for (const part of ['Result', 'Output', 'Unit', 'Signature']) await step.getByText(`${part} holds`).waitFor()
  await step.getByText('"days": 259').waitFor()

  await inspector.getByRole('tab', { name: 'Overview' }).click()
  await inspector.getByRole('button', { name: 'Run it again' }).click()
  await inspector.getByText('All 3 results are the same, byte for byte').waitFor()

  await inspector.getByRole('button', { name: 'Export' }).click()
  const download = page.waitForEvent('download')
  await inspector.getByRole('menuitem', { name: 'Bundle, JSON' }).click()
  const bundle = JSON.parse(await readFile(await (await download).path(), 'utf8'))
  assert.equal(bundle.format, 'kora-run/1')
  assert.equal(bundle.result.final_output, '351\n259 days')
  assert.equal(bundle.batches.length, 1)
  assert.deepEqual(wrong, [])
  await close()
})

test('a graph is collapsed by stage and opened again, by keyboard and as a list', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  await ask(page, both)
  await page.locator('article.kora').getByRole('button', { name: 'Deterministic' }).click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByRole('tab', { name: 'TaskGraph' }).click()
  await inspector.getByRole('button', { name: 'Stages', exact: true }).press('Enter')
  const stage = inspector.getByRole('button', { name: /Stage 1\s*2 steps, no model/, expanded: false })
  await stage.waitFor()
  assert.equal(await inspector.locator('[data-unit]').count(), 2)
  assert.equal(await inspector.locator('path.edge').count(), 1, 'both branches are one edge')
  await stage.press('Enter')
  await inspector.locator('[data-unit="c2.1"]').waitFor()
  assert.equal(await inspector.locator('[data-unit]').count(), 3)
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-unit'))
  await inspector.getByRole('group', { name: 'Stages' }).getByRole('button', { name: /Stage 1/, expanded: true }).press('Enter')
  await stage.waitFor()

  await inspector.getByRole('button', { name: 'As a list' }).click()
  const listed = inspector.getByRole('list').getByRole('button', { name: /Stage 1/, expanded: false })
  assert.match(await listed.innerText(), /success\s+Stage 1\s+2 steps, no model/)
  await listed.press('Enter')
  await inspector.getByRole('button', { name: /^success days from/ }).waitFor()
  await inspector.getByRole('button', { name: 'Stages', exact: true }).press('Enter')
  await inspector.getByRole('button', { name: /Stage 1/ }).waitFor({ state: 'detached' })
  assert.deepEqual(wrong, [])
  await close()
})

test('a page that is loaded again has lost nothing, whenever that is', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  const box = page.getByRole('textbox', { name: 'Message', exact: true })
  await box.fill('half a thought')
  await page.reload()
  assert.equal(await box.inputValue(), 'half a thought', 'the draft')
  await box.fill('convert 10 kilograms to pounds')
  const kept = page.waitForResponse((r) => r.url().endsWith('/api/messages') && r.ok())
  await box.press('Enter')
  await kept
  await page.reload() // while it runs
  await answered(page)
  const whole = await page.locator('article.kora').innerText()
  await page.locator('article.kora').getByRole('button', { name: 'Deterministic' }).click()
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page.reload()
  assert.equal(await page.getByRole('tab', { name: 'Timeline' }).getAttribute('aria-selected'), 'true', 'the inspector is where it was')
  assert.equal(await page.locator('article.kora').innerText(), whole)
  assert.deepEqual(wrong, [])
  await close()
})

test('edit makes a branch; chats are found, renamed, exported, imported and deleted', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  await ask(page, '2 + 2')
  await page.locator('article.you').hover()
  await page.getByRole('button', { name: 'Edit message' }).click()
  await page.getByRole('textbox', { name: 'Edit the message' }).fill('2 + 3')
  await page.getByRole('button', { name: 'Ask this instead' }).click()
  await page.locator('.plain', { hasText: /^5$/ }).waitFor()
  await page.locator('article.you').hover()
  await page.getByRole('button', { name: 'Version before' }).click()
  await page.locator('.plain', { hasText: /^4$/ }).waitFor()

  const nav = page.getByRole('navigation', { name: 'Chats' })
  await page.getByRole('searchbox', { name: 'Search chats' }).fill('2 + 3')
  await nav.getByRole('link', { name: '2 + 2' }).waitFor()
  await nav.getByRole('button', { name: 'More for 2 + 2' }).click()
  const saved = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Save with all runs' }).click()
  const file = await (await saved).path()
  await nav.getByRole('button', { name: 'More for 2 + 2' }).click()
  await page.getByRole('menuitem', { name: 'Rename' }).click()
  await page.getByRole('textbox', { name: 'Title' }).fill('Sums')
  await page.keyboard.press('Enter')
  await nav.getByRole('link', { name: 'Sums' }).waitFor()
  await page.locator('input[accept="application/json"]').setInputFiles({ name: 'chat.json', mimeType: 'application/json', buffer: await readFile(file) })
  await nav.getByRole('link', { name: '2 + 2' }).waitFor()
  await page.locator('.plain', { hasText: /^4$/ }).waitFor()
  await nav.getByRole('button', { name: 'More for Sums' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await nav.getByRole('link', { name: 'Sums' }).waitFor({ state: 'detached' })
  assert.deepEqual(wrong, [])
  await close()
})

test('files are dropped and pasted, and computed with here', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  const files = await page.evaluateHandle(() => {
    const data = new DataTransfer()
    data.items.add(new File(['name,price\napple,2\npear,3\nfig,10\n'], 'fruit.csv', { type: 'text/csv' }))
    return data
  })
  const form = page.locator('form', { has: page.getByRole('textbox', { name: 'Message', exact: true }) })
  await form.dispatchEvent('drop', { dataTransfer: files })
  await page.getByRole('button', { name: 'Remove fruit.csv' }).waitFor()
  await ask(page, 'sum of price')
  await page.locator('.plain', { hasText: /^15$/ }).waitFor()
  assert.match(await page.locator('article.you').innerText(), /fruit\.csv/)

  await page.getByRole('button', { name: 'New chat' }).first().click()
  await page.getByRole('textbox', { name: 'Message', exact: true }).evaluate((box, clipboardData) =>
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })), files)
  await page.getByRole('button', { name: 'Remove fruit.csv' }).waitFor()
  await ask(page, 'how many rows does the file have?')
  await page.locator('.plain', { hasText: /^3$/ }).waitFor()
  assert.deepEqual(wrong, [])
  await close()
})

test('what cannot be computed is said so, and nothing is made up', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  await ask(page, 'write a poem about the sea')
  await page.getByText('Not without a model').waitFor()
  await page.getByRole('button', { name: 'See what was tried' }).click()
  await page.getByText('no grammar reads every word').first().waitFor()
  assert.deepEqual(wrong, [])
  await close()
})

// A model that is there, served by the real llama-server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { answered, ask, openPage, startBrowser, startKrako, startStudio } from './harness.mjs'
import { startModel } from './llama.mjs'

const skip = process.env.KRAKO_LLAMA_SERVER ? false : 'no llama-server: KRAKO_LLAMA_SERVER is not set'

let model, studio, browser
before(async () => {
  if (skip) return
  model = await startModel('32768')
  ;[studio, browser] = await Promise.all([startStudio('--model-server', `llama.cpp=${model.url}`), startBrowser()])
})
after(async () => {
  await browser?.close()
  await studio?.stop()
  await model?.stop()
})

test('computed first: the same question has both kinds of answer', { skip }, async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  await ask(page, '2 + 2')
  assert.match(await page.locator('article.kora').innerText(), /Deterministic/)
  await page.getByRole('button', { name: 'Ask a model instead' }).click()
  await page.getByText('2 / 2').waitFor({ timeout: 120_000 })
  assert.match(await page.locator('article.kora').innerText(), /Model/)
  assert.deepEqual(wrong, [])
  await close()
})

/** Asks for a long answer and stops it when a part is there. */
async function stopMidway(page) {
  const box = page.getByRole('textbox', { name: 'Message', exact: true })
  await box.fill('write a poem about the sea')
  await box.press('Enter')
  const prose = page.locator('article.kora').last().locator('.prose')
  await prose.filter({ hasText: /\S{3}/ }).waitFor({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByText('Stopped.').waitFor()
  const said = await prose.innerText()
  assert.ok(said.trim().length > 2)
  await page.reload()
  await page.getByText('Stopped.').waitFor()
  assert.equal(await prose.innerText(), said, 'what was said is kept')
}

async function allow(page, tokens) {
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByLabel('Longest answer, in tokens').fill(String(tokens))
  await page.getByLabel('Longest answer, in tokens').press('Tab')
  await page.getByRole('button', { name: 'Close', exact: true }).click()
}

test('an answer is streamed and stopped midway', { skip }, async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  await allow(page, 30_000)
  await stopMidway(page)
  await allow(page, 200)
  await ask(page, 'and one about the sky')
  assert.match(await page.locator('article.kora').last().innerText(), /Model/, 'the server goes on')
  assert.deepEqual(wrong, [])
  await close()
})

test('the same by a pod of a Krako', { skip }, async () => {
  const krako = await startKrako('1', '--model', model.file)
  const own = await startStudio('--no-models')
  try {
    await krako.ready(2)
    const put = await fetch(`${own.base}/api/fabric`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ url: krako.api, key: krako.key }) })
    assert.ok(put.ok)
    const { page, wrong, close } = await openPage(browser, own.base)
    await page.getByRole('combobox', { name: 'Where to run' }).selectOption('Krako')
    await page.getByRole('combobox', { name: 'How to answer' }).waitFor()
    await allow(page, 1_000)
    const box = page.getByRole('textbox', { name: 'Message', exact: true })
    await box.fill('write a poem about the wind')
    await box.press('Enter')
    await page.getByRole('button', { name: 'Agree, for this chat' }).click()
    await answered(page)
    const last = await page.locator('article.kora').last().innerText()
    assert.match(last, /Model/)
    assert.match(last, /Krako, 1 node/)
    assert.deepEqual(wrong, [])
    await close()
  } finally {
    await Promise.all([own.stop(), krako.stop()])
  }
})

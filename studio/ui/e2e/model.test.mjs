// A model that is there, served by the real llama-server.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { answered, ask, openPage, startBrowser, startKrako, startStudio, toldOf } from './harness.mjs'
import { repeater, startModel } from './llama.mjs'

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
  await page.getByText('2 / 2').waitFor()
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
  await prose.filter({ hasText: /\S{3}/ }).waitFor()
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
  await page.getByText('Cut off at 200 tokens').waitFor()
  assert.deepEqual(wrong, [])
  await close()
})

test('a stream that is cut after every piece, and a page that is loaded again while it lasts', { skip }, async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  await allow(page, 1_000) // what comes within a moment is one piece
  let frames
  let cuts = 0
  // The stream is asked for the moment the question is taken, before it can be over.
  await page.route('**/api/messages', async (route) => {
    const told = await toldOf(page, route, studio.base)
    frames = told.frames
    await route.fulfill({ response: told.response })
  })
  await page.route('**/stream', async (route) => {
    const last = Number((await route.request().allHeaders())['last-event-id'] ?? 0)
    cuts++
    const next = frames.find((f) => Number(/^id: (\d+)/m.exec(f)[1]) > last)
    await route.fulfill({ status: 200, contentType: 'text/event-stream', body: `${next}\n\nid: 9999\nevent: text\ndata: {"text":"a frame that is cut` })
  })
  await ask(page, 'write a poem about the rain')
  assert.ok(frames.filter((f) => f.includes('event: text')).length > 10 && cuts === frames.length, `${cuts} connections for ${frames.length} frames`)
  const prose = page.locator('article.kora').last().locator('.prose')
  const seen = await prose.innerHTML()
  await page.unrouteAll()
  await page.reload()
  await answered(page)
  assert.equal(await prose.innerHTML(), seen)

  // Loaded again at whatever moment: the beginning is there, and the end comes.
  await allow(page, 1_500)
  const box = page.getByRole('textbox', { name: 'Message', exact: true })
  await box.fill('write a poem about the snow')
  await box.press('Enter')
  // How long the answer is once it is longer, and whether more of it comes.
  const longer = async (than) => {
    const seen = await page.waitForFunction((least) => {
      const reply = [...document.querySelectorAll('article.kora')].at(-1)
      const busy = reply?.getAttribute('aria-busy') === 'true'
      const text = reply?.querySelector('.prose')?.textContent.trimEnd() ?? ''
      return text && (text.length > least || !busy) && { text, busy }
    }, than)
    return seen.jsonValue()
  }
  const words = (text) => text.replace(/[^a-z0-9]/gi, '') // what looks like markup may turn out to be some later
  let midway = 0
  for (let now = await longer(0); now.busy && midway < 3; now = await longer(now.text.length)) {
    await page.reload()
    midway++
    const { text } = await longer(now.text.length - 1)
    assert.ok(words(text).startsWith(words(now.text).slice(0, 40)), 'the beginning')
  }
  assert.ok(midway > 0, 'it was over before it could be loaded again')
  await answered(page)
  const whole = await prose.innerHTML()
  await page.reload()
  await answered(page)
  assert.equal(await prose.innerHTML(), whole, 'what came in pieces is what is kept')
  assert.deepEqual(wrong, [])
  await close()
})

test('while an answer comes, the page is drawn seldom, and moves only what is free to move', { skip }, async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  await allow(page, 2_000)
  await page.evaluate(() => {
    window.drawn = []
    window.moved = new Set()
    new MutationObserver(() => {
      if (!document.querySelector('article.kora[aria-busy="true"] .prose')) return
      window.drawn.push(performance.now())
      for (const a of document.getAnimations()) for (const k of a.effect.getKeyframes()) Object.keys(k).forEach((name) => window.moved.add(name))
    }).observe(document.querySelector('.log'), { subtree: true, childList: true, characterData: true })
  })
  // A browser that is held up draws an answer in one: then another is asked for.
  let drawn, moved
  for (let n = 0; n < 10 && !(drawn?.length > 1); n++) {
    await page.evaluate(() => void (window.drawn = []))
    await ask(page, 'write a long poem about the sea')
    ;({ drawn, moved } = await page.evaluate(() => ({ drawn: window.drawn, moved: [...window.moved] })))
  }
  const took = drawn.at(-1) - drawn[0]
  assert.ok(drawn.length > 1 && drawn.length <= took / 60 + 5, `${drawn.length} times in ${took} ms`)
  // Whatever else is animated is painted by the page in every frame.
  const free = ['transform', 'opacity', 'offset', 'computedOffset', 'easing', 'composite']
  assert.ok(moved.includes('transform'))
  assert.deepEqual(moved.filter((name) => !free.includes(name)), [])
  assert.deepEqual(wrong, [])
  await close()
})

test('what a model is told first, its temperature and length reach it, and are kept', { skip }, async () => {
  const seen = await repeater(model.url)
  const dir = await mkdtemp(join(tmpdir(), 'studio-kept-'))
  const start = () => startStudio('--data-dir', dir, '--model-server', `llama.cpp=${seen.url}`)
  let own = await start()
  try {
    let { page, wrong, close } = await openPage(browser, own.base)
    const box = (name) => page.getByRole('dialog', { name: 'Settings' }).getByLabel(name)
    const open = () => page.getByRole('button', { name: 'Settings' }).click()
    const shut = () => page.getByRole('button', { name: 'Close', exact: true }).click()
    const set = async (name, value) => {
      const kept = page.waitForResponse((r) => r.url().includes('/api/settings/') && r.ok())
      await box(name).fill(value)
      await box(name).press('Tab')
      await kept
    }
    await open()
    await set('What it is told first', 'Answer as a sailor would.')
    await set('Temperature', '5') // more than there is
    assert.equal(await box('Temperature').inputValue(), '2')
    await set('Temperature', '0.3')
    await set('Longest answer, in tokens', '24')
    await shut()
    await page.getByRole('combobox', { name: 'How to answer' }).selectOption('Model only')
    await ask(page, 'what is 2 + 2?')
    const one = seen.asked.at(-1)
    assert.deepEqual([one.temperature, one.max_tokens], [0.3, 24])
    assert.deepEqual(one.messages, [{ role: 'system', content: 'Answer as a sailor would.' }, { role: 'user', content: 'what is 2 + 2?' }])
    const { model: name } = one
    assert.deepEqual(wrong, [])
    await close()
    await own.stop()

    // Another Studio on the same folder, another browser.
    own = await start()
    ;({ page, wrong, close } = await openPage(browser, own.base))
    await open()
    assert.deepEqual(await Promise.all(['What it is told first', 'Temperature', 'Longest answer, in tokens'].map((n) => box(n).inputValue())), ['Answer as a sailor would.', '0.3', '24'])
    await shut()
    const mode = page.getByRole('combobox', { name: 'How to answer' })
    assert.equal(await mode.evaluate((s) => s.selectedOptions[0].text), 'Model only')
    await ask(page, 'and 3 + 3?')
    const two = seen.asked.at(-1)
    assert.deepEqual([two.model, two.temperature, two.max_tokens, two.messages.at(0).content], [name, 0.3, 24, 'Answer as a sailor would.'])
    assert.deepEqual(two.messages.filter((m) => m.role === 'user').map((m) => m.content), ['and 3 + 3?'], 'a new chat knows nothing of another')

    // Without any it is as the fields say.
    await open()
    await set('What it is told first', '')
    for (const [name, own] of [['Temperature', /^0:/], ['Longest answer, in tokens', /^512$/]]) {
      await set(name, '')
      assert.match(await box(name).getAttribute('placeholder'), own)
    }
    await shut()
    await ask(page, 'and 4 + 4?')
    const three = seen.asked.at(-1)
    assert.deepEqual([three.temperature, three.max_tokens], [0, 512])
    assert.ok(three.messages.every((m) => m.role !== 'system'))
    assert.equal(three.messages.length, 3, 'what was said before is told')
    assert.deepEqual(wrong, [])
    await close()
  } finally {
    seen.stop()
    await own.stop()
    await rm(dir, { recursive: true, force: true })
  }
})

test('the same by a pod of a Krako: answered, and stopped midway', { skip }, async () => {
  const krako = await startKrako('1', '--model', model.file)
  const own = await startStudio('--no-models')
  try {
    await krako.ready(2)
    const put = await fetch(`${own.base}/api/fabric`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ url: krako.api, key: krako.key }) })
    assert.ok(put.ok)
    const { page, wrong, close } = await openPage(browser, own.base)
    await page.getByRole('combobox', { name: 'Where to run' }).selectOption('Krako')
    await page.getByRole('combobox', { name: 'How to answer' }).waitFor()
    await allow(page, 50)
    const box = page.getByRole('textbox', { name: 'Message', exact: true })
    await box.fill('write a poem about the wind')
    await box.press('Enter')
    await page.getByRole('button', { name: 'Agree, for this chat' }).click()
    await answered(page)
    const last = await page.locator('article.kora').last().innerText()
    assert.match(last, /Model/)
    assert.match(last, /Krako, 1 node/)

    // Stopped midway: the page says so, and the fabric has cancelled the step.
    await allow(page, 3_000)
    await stopMidway(page)
    const [session] = (await krako.call('GET', '/v1/sessions?limit=1')).sessions
    assert.equal(session.state, 'cancelled')
    const { work_units: units } = await krako.call('GET', `/v1/sessions/${session.execution_session_id}`)
    assert.deepEqual(units.map((u) => u.state), ['cancelled'])
    await page.locator('article.kora').last().getByRole('button', { name: 'See why' }).click()
    const inspector = page.getByRole('complementary', { name: 'Inspector' })
    await inspector.getByRole('tab', { name: 'TaskGraph' }).click()
    await inspector.locator('.unit.cancelled').waitFor()
    await inspector.getByRole('tab', { name: 'Events' }).click()
    await inspector.getByText('execution.session.cancelled').waitFor()
    await inspector.getByRole('button', { name: 'Close the inspector' }).click()

    // Its slot is free again.
    await allow(page, 20)
    await ask(page, 'and one about the sky')
    assert.match(await page.locator('article.kora').last().innerText(), /Krako, 1 node/)
    assert.deepEqual(wrong, [])
    await close()
  } finally {
    await Promise.all([own.stop(), krako.stop()])
  }
})

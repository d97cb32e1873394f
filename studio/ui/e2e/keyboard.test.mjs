// Everything that can be done, done by keyboard; and nothing that Tab does not reach.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { answered, both, openPage, startBrowser, startStudio } from './harness.mjs'

let studio, browser
before(async () => {
  ;[studio, browser] = await Promise.all([startStudio('--no-models'), startBrowser()])
})
after(async () => {
  await browser?.close()
  await studio?.stop()
})

/**
 * Goes through all that Tab reaches, which must show itself when it is reached, and be
 * all that can be acted on. Of tabs, radio buttons and the boxes of a graph Tab
 * reaches one; arrows reach the others.
 */
async function walk(page, name) {
  await page.evaluate(() => {
    document.activeElement?.blur?.()
    window.reached = new Set()
    window.unseen = []
  })
  let more = true
  for (let n = 0; more && n < 300; n++) {
    await page.keyboard.press('Tab')
    more = await page.evaluate(async () => {
      await new Promise(requestAnimationFrame) // what shows itself when it is reached has done so
      await new Promise(requestAnimationFrame)
      const at = document.activeElement
      if (at === document.body || at === document.documentElement) return true // what lies outside of the page
      if (window.reached.has(at)) return false
      window.reached.add(at)
      let opacity = 1
      for (let e = at; e; e = e.parentElement) {
        const fades = e.getAnimations().filter((a) => a.effect.getComputedTiming().endTime < Infinity)
        await Promise.allSettled(fades.map((a) => a.finished))
        opacity *= Number(getComputedStyle(e).opacity)
      }
      const { width, height } = at.getBoundingClientRect()
      if (at.type !== 'radio' && (opacity < 0.5 || width * height === 0)) window.unseen.push(at.outerHTML.slice(0, 120))
      return true
    })
  }
  const { missed, unseen, count } = await page.evaluate(() => {
    const top = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document
    const all = top.querySelectorAll('button, a[href], input, select, textarea, [role=button], [role=tab]')
    const group = (e) => (e.getAttribute('role') === 'tab' ? 'tab' : e.type === 'radio' ? e.name : e.dataset.unit ? 'unit' : undefined)
    const groups = new Set([...window.reached].map(group))
    const missed = [...all].filter((e) => !e.disabled && e.checkVisibility({ visibilityProperty: true }) && !window.reached.has(e) && !(group(e) && groups.has(group(e))))
    return { missed: missed.map((e) => e.outerHTML.slice(0, 120)), unseen: window.unseen, count: window.reached.size }
  })
  assert.ok(!more && count > 2, `${name}: ${count} reached, and no end of it`)
  assert.deepEqual(missed, [], `${name}: not reached`)
  assert.deepEqual(unseen, [], `${name}: reached and not seen`)
}

/** Opens a menu, which takes the focus. */
async function unfold(button) {
  await press(button)
  await button.page().locator('[role=menuitem]:focus').waitFor()
}

/** Enter on what Tab reaches. */
async function press(locator, key = 'Enter') {
  await locator.focus()
  assert.ok(await locator.evaluate((e) => e === document.activeElement && e.tabIndex >= 0), `${locator} takes no focus`)
  await locator.page().keyboard.press(key)
}

const blur = (page) => page.locator('body').evaluate(() => document.activeElement.blur())

test('a chat: written, copied, answered again, edited, found; a file attached', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  const keys = page.keyboard
  await walk(page, 'welcome')
  await blur(page)
  await keys.press('c')
  await keys.type('sqrt 144')
  await keys.press('Enter')
  await answered(page)
  await walk(page, 'chat')
  const reply = page.locator('article.kora').last()
  await press(reply.getByRole('button', { name: 'Copy answer' }))
  await reply.getByRole('button', { name: 'Copied' }).waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '12')
  await press(reply.getByRole('button', { name: 'Answer again' }))
  await page.getByText('2 / 2').waitFor()
  await answered(page)
  await press(page.getByRole('button', { name: 'Version before' }))
  await page.getByText('1 / 2').waitFor()

  await press(page.getByRole('button', { name: 'Edit message' }))
  await keys.press('ControlOrMeta+a')
  await keys.type('sqrt 169')
  await keys.press('Enter')
  await page.locator('.plain', { hasText: /^13$/ }).waitFor()
  await answered(page)

  // A file, and its removal.
  const chooser = page.waitForEvent('filechooser')
  await press(page.getByRole('button', { name: 'Attach a file' }))
  await (await chooser).setFiles({ name: 'fruit.csv', mimeType: 'text/csv', buffer: Buffer.from('name,price\napple,2\npear,3\n') })
  await press(page.getByRole('button', { name: 'Remove fruit.csv' }))
  await page.getByRole('button', { name: 'Remove fruit.csv' }).waitFor({ state: 'detached' })

  await blur(page)
  await keys.press('/')
  await keys.type('sqrt')
  await press(page.getByRole('navigation', { name: 'Chats' }).getByRole('link', { name: /sqrt 144/ }))
  await blur(page)
  await keys.press('n')
  await page.getByRole('heading', { name: 'Ask, and see why.' }).waitFor()
  await keys.type('2 + 2') // n leads to where one writes
  assert.equal(await page.getByRole('textbox', { name: 'Message', exact: true }).inputValue(), '2 + 2')
  assert.deepEqual(wrong, [])
  await close()
})

test('the inspector: tabs, the graph along its edges, a step, its signature, the exports', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  const keys = page.keyboard
  await page.getByRole('textbox', { name: 'Message', exact: true }).focus()
  await keys.type(both)
  await keys.press('Enter')
  await answered(page)
  await blur(page)
  await keys.press('i')
  await page.getByRole('tab', { name: 'Why' }).waitFor()
  for (const [i, tab] of ['Why', 'Overview', 'Timeline', 'TaskGraph', 'Events'].entries()) {
    await blur(page)
    await keys.press(String(i + 1))
    await page.getByRole('tab', { name: tab, selected: true }).waitFor()
    if (tab === 'TaskGraph') await page.locator('[data-unit]').first().waitFor()
    if (tab === 'Events') await page.getByRole('cell').first().waitFor()
    await walk(page, tab)
  }
  await page.getByRole('tab', { name: 'Events' }).focus()
  await keys.press('ArrowLeft')
  await page.getByRole('tab', { name: 'TaskGraph', selected: true }).waitFor()

  const first = page.locator('[data-unit="c1.1"]')
  await first.focus()
  await keys.press('ArrowRight')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.unit), 'answer', 'along the edge')
  await keys.press('ArrowLeft')
  await keys.press('ArrowDown')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.unit), 'c2.1', 'to the one below')
  await keys.press('Enter')
  const step = page.getByRole('dialog', { name: /Step days from/ })
  await step.waitFor()
  await press(step.getByRole('button', { name: 'Verify signature' }))
  await step.getByText('Signature holds').waitFor()
  await walk(page, 'step')
  await step.getByRole('button', { name: 'Close the step' }).focus()
  await keys.press('Escape')
  await step.waitFor({ state: 'detached' })

  await press(page.getByRole('button', { name: 'As a list' }))
  await press(page.getByRole('listitem').getByRole('button', { name: /date\/diff/ }))
  await step.waitFor()
  await keys.press('Escape')
  await step.waitFor({ state: 'detached' })
  assert.match(await page.evaluate(() => document.activeElement.textContent), /date\/diff/, 'back where it came from')

  await unfold(page.getByRole('button', { name: 'Export' }))
  await keys.press('End')
  await keys.press('ArrowDown') // round to the first
  await keys.press('ArrowDown')
  const svg = page.waitForEvent('download')
  await keys.press('Enter')
  assert.match((await svg).suggestedFilename(), /\.svg$/)
  await unfold(page.getByRole('button', { name: 'Export' }))
  await keys.press('Escape')
  await page.getByRole('menuitem').first().waitFor({ state: 'detached' })
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Export', 'the focus is where it was')
  await keys.press('Escape')
  await page.getByRole('complementary', { name: 'Inspector' }).waitFor({ state: 'detached' })
  assert.deepEqual(wrong, [])
  await close()
})

test('chats and settings: renamed, taken away, brought back, deleted; themes and keys', async () => {
  const { page, wrong, close } = await openPage(browser, studio.base)
  const keys = page.keyboard
  await page.getByRole('textbox', { name: 'Message', exact: true }).focus()
  await keys.type('7 * 6')
  await keys.press('Enter')
  await answered(page)
  const nav = page.getByRole('navigation', { name: 'Chats' })
  await unfold(nav.getByRole('button', { name: 'More for 7 * 6' }))
  await keys.press('Enter')
  await page.getByRole('textbox', { name: 'Title' }).waitFor()
  await keys.press('ControlOrMeta+a')
  await keys.type('The answer')
  await keys.press('Enter')
  await nav.getByRole('link', { name: 'The answer' }).waitFor()

  await unfold(nav.getByRole('button', { name: 'More for The answer' }))
  await keys.press('ArrowDown')
  await keys.press('ArrowDown')
  const saved = page.waitForEvent('download')
  await keys.press('Enter')
  const chooser = page.waitForEvent('filechooser')
  await press(page.getByRole('button', { name: 'Import a chat' }))
  await (await chooser).setFiles({ name: 'chat.json', mimeType: 'application/json', buffer: await readFile(await (await saved).path()) })
  await page.waitForFunction(() => [...document.querySelectorAll('nav a')].filter((a) => a.textContent.trim() === 'The answer').length === 2)

  await unfold(nav.getByRole('button', { name: 'More for The answer' }).first())
  await keys.press('End')
  await keys.press('Enter')
  const doom = page.getByRole('dialog', { name: 'Delete this chat?' })
  await walk(page, 'delete')
  await press(doom.getByRole('button', { name: 'Delete' }))
  await page.waitForFunction(() => [...document.querySelectorAll('nav a')].filter((a) => a.textContent.trim() === 'The answer').length === 1)

  await press(nav.getByRole('link', { name: 'The answer' }))
  await answered(page)
  await press(page.getByRole('button', { name: 'Settings' }))
  const settings = page.getByRole('dialog', { name: 'Settings' })
  await settings.waitFor()
  await walk(page, 'settings')
  await settings.getByRole('radio', { name: 'System' }).focus()
  await keys.press('ArrowRight')
  await keys.press('ArrowRight')
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark')
  await press(settings.getByRole('checkbox', { name: /^Advanced/ }), 'Space')
  await keys.press('Escape')
  await settings.waitFor({ state: 'detached' })
  await blur(page)
  await keys.press('?')
  const sheet = page.getByRole('dialog', { name: 'Keyboard' })
  await sheet.waitFor()
  await press(sheet.getByRole('checkbox'), 'Space')
  await keys.press('Escape')
  await sheet.waitFor({ state: 'detached' })
  await blur(page)
  await keys.press('n')
  assert.equal(await page.getByRole('heading', { name: 'Ask, and see why.' }).count(), 0, 'single keys are off')
  await page.reload()
  await answered(page)
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark', 'and stay as they were set')
  assert.deepEqual(wrong, [])
  await close()
})

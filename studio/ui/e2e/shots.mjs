// Takes the pictures of Studio and the console that the documentation shows, and makes
// them small with pngquant:
//   npm run shots
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { answered, ask, both, openPage, startBrowser, startKrako, startStudio } from './harness.mjs'

const out = process.argv[2] ?? '../../docs/images'
const [krako, browser] = await Promise.all([startKrako('3'), startBrowser()])
let studio
const taken = []
const taker = (page, theme) => async (name) => {
  await page.mouse.move(5, 5)
  const path = join(out, `${name}-${theme}.png`)
  await page.screenshot({ path })
  taken.push(path)
}

async function desk(theme) {
  const { page, close } = await openPage(browser, studio.base, { width: 1440, height: 860, theme })
  const shot = taker(page, theme)
  await page.getByRole('heading', { name: 'Ask, and see why.' }).waitFor()
  await shot('studio-welcome')
  await ask(page, both)
  await page.locator('article.kora').getByRole('button', { name: 'Deterministic' }).click()
  await page.getByText('How it was read').waitFor()
  await shot('studio-why')
  await page.getByRole('tab', { name: 'TaskGraph' }).click()
  await page.locator('[data-unit="c2.1"]').click()
  await page.getByRole('button', { name: 'Verify signature' }).click()
  await page.getByText('Signature holds').waitFor()
  await shot('studio-graph')
  await page.getByRole('button', { name: 'Close the step' }).click()
  await page.getByRole('button', { name: 'Stages', exact: true }).click()
  await page.locator('[data-unit="stage 1"]').waitFor()
  await shot('studio-stages')
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await shot('studio-timeline')
  await page.goto(studio.base)
  await page.getByRole('combobox', { name: 'Where to run' }).selectOption('Krako')
  const box = page.getByRole('textbox', { name: 'Message', exact: true })
  await box.fill(both)
  await box.press('Enter')
  await page.getByRole('dialog', { name: 'Send this chat to Krako?' }).waitFor()
  await shot('studio-consent')
  await page.getByRole('button', { name: 'Agree, for this chat' }).click()
  await answered(page)
  await page.getByRole('list', { name: 'How this was answered' }).getByRole('button', { name: /^Krako/ }).click()
  await page.getByRole('list', { name: 'Nodes that took part' }).waitFor()
  await shot('studio-krako')
  await close()
}

async function console_(theme) {
  const { page, close } = await openPage(browser, krako.api, { width: 1440, height: 760, theme, at: '/console' })
  const shot = taker(page, theme)
  await page.getByLabel('API key').fill(krako.key)
  await page.getByRole('button', { name: 'Open' }).click()
  await page.getByRole('button', { name: /^Suspend/ }).waitFor()
  await shot('console-nodes')
  await page.getByRole('tab', { name: 'Sessions' }).click()
  await page.getByRole('region', { name: 'Sessions' }).getByText('completed').first().waitFor()
  await shot('console-sessions')
  await close()
}

async function phone(theme) {
  const { page, close } = await openPage(browser, studio.base, { width: 360, height: 720, theme })
  const shot = taker(page, theme)
  await page.getByRole('heading', { name: 'Ask, and see why.' }).waitFor()
  await shot('studio-phone')
  await ask(page, both)
  await shot('studio-phone-chat')
  await page.locator('article.kora').getByRole('button', { name: 'Deterministic' }).click()
  await page.getByRole('tab', { name: 'TaskGraph' }).click()
  await page.locator('[data-unit]').first().waitFor()
  await shot('studio-phone-graph')
  await close()
}

// Its tasks are the same, its results are not.
const other = 'what is 20% of 150 and how many days from 4 March 2026 to 5 March 2026'

/** A Studio that has compiled what it needs, so that the time for that is in no picture, and has computed nothing of it. */
async function fresh() {
  studio = await startStudio('--no-models')
  const put = await fetch(`${studio.base}/api/fabric`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ url: krako.api, key: krako.key }) })
  if (!put.ok) throw new Error(await put.text())
  const { page, close } = await openPage(browser, studio.base)
  await ask(page, other)
  await close()
}

try {
  await krako.ready(3)
  await krako.stranger()
  await krako.ready(4)
  const warm = await krako.submit(other)
  for (let state = ''; state !== 'completed'; ) ({ state } = await krako.call('GET', `/v1/sessions/${warm.execution_session_id}`))
  for (const theme of ['light', 'dark']) {
    await fresh()
    await desk(theme)
    await console_(theme)
    await phone(theme)
    await studio.stop()
  }
  execFileSync('pngquant', ['--force', '--skip-if-larger', '--strip', '--quality', '70-95', '--ext', '.png', ...taken])
} finally {
  await browser.close()
  await krako.stop()
}

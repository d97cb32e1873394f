// No violation that axe finds, on any page, in either theme, at any width.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { checker } from './axe.mjs'
import { bring, saidBy } from './chats.mjs'
import { ask, both, openPage, startBrowser, startStudio } from './harness.mjs'

const markdown = '# A heading\n\nText with `code`, *stress* and [a link](https://example.com/).\n\n> Quoted\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```go\nfunc main() {}\n```\n'

let studio, browser
before(async () => {
  ;[studio, browser] = await Promise.all([startStudio(), startBrowser()])
})
after(async () => {
  await browser?.close()
  await studio?.stop()
})

for (const width of [1440, 360]) {
  test(`${width} px`, async () => {
    const { page, wrong, close } = await openPage(browser, studio.base, { width, height: 800 })
    const check = checker(page)
    const chats = () => width === 360 && page.getByRole('button', { name: 'Chats', exact: true }).click()
    await check('welcome')
    await ask(page, both)
    await check('chat')
    await ask(page, 'write a poem about the sea')
    await check('no answer')
    await page.locator('article.you').first().hover()
    await page.getByRole('button', { name: 'Edit message' }).first().click()
    await check('edit')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('article.kora').first().getByRole('button', { name: 'Deterministic' }).click()
    for (const tab of ['Why', 'Overview', 'Timeline', 'TaskGraph', 'Events']) {
      await page.getByRole('tab', { name: tab }).click()
      if (tab === 'TaskGraph') await page.locator('[data-unit]').first().waitFor()
      if (tab === 'Events') await page.getByRole('cell').first().waitFor()
      await check(tab)
    }
    await page.getByRole('tab', { name: 'Overview' }).click()
    await page.getByLabel('Compare with another run of this chat').selectOption({ index: 1 })
    await page.getByRole('columnheader', { name: 'The other' }).waitFor()
    await check('compare')
    await page.getByRole('button', { name: 'Export' }).click()
    await check('export')
    await page.keyboard.press('Escape')
    await page.getByRole('tab', { name: 'TaskGraph' }).click()
    const collapse = page.getByRole('button', { name: 'Stages', exact: true })
    await collapse.click()
    await page.locator('[data-unit="stage 1"]').waitFor()
    await check('stages')
    await collapse.click()
    await page.getByRole('button', { name: 'As a list' }).click()
    await check('list')
    await page.getByRole('listitem').getByRole('button', { name: /num\/eval/ }).click()
    await page.getByRole('button', { name: 'Verify signature' }).click()
    await page.getByText('Signature holds').waitFor()
    await check('step')
    await page.getByRole('button', { name: 'Close the step' }).click()
    await page.getByRole('button', { name: 'Close the inspector' }).click()

    await page.goto(`${studio.base}/c/${await bring(studio.base, saidBy(markdown))}`)
    await page.locator('.prose table').waitFor()
    await check('model')
    await chats()
    await page.getByRole('button', { name: 'More for What does a model say?' }).first().click()
    await check('menu')
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('dialog', { name: 'Delete this chat?' }).waitFor()
    await check('delete')
    await page.getByRole('button', { name: 'Keep it' }).click()
    await page.getByRole('searchbox', { name: 'Search chats' }).fill('stress')
    await page.getByRole('navigation', { name: 'Chats' }).locator('small').first().waitFor()
    await check('search')
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('dialog', { name: 'Settings' }).waitFor()
    await check('settings')
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await page.getByRole('button', { name: 'Keyboard' }).click()
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await check('keyboard')
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await page.getByRole('button', { name: 'This computer' }).click()
    await page.getByRole('dialog', { name: 'Krako' }).getByLabel('Gateway').waitFor()
    await check('krako')
    assert.deepEqual(wrong, [])
    await close()
  })
}

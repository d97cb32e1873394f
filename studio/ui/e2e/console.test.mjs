// What an operator sees and does in the console of a real coordinator.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { openPage, startBrowser, startKrako } from './harness.mjs'

let krako, browser, axe
before(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  ;[krako, browser] = await Promise.all([startKrako('2'), startBrowser()])
  await krako.ready(2)
})
after(async () => {
  await browser?.close()
  await krako?.stop()
})

async function enter(page, key) {
  await page.getByLabel('API key').fill(key)
  await page.getByRole('button', { name: 'Open' }).click()
}

test('a key opens it, and only one that may see nodes', async () => {
  const { page, wrong, close } = await openPage(browser, krako.api, { at: '/console' })
  const policy = (await page.request.get(`${krako.api}/console`)).headers()['content-security-policy']
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
  assert.doesNotMatch(policy, /unsafe/)
  const made = await krako.call('POST', '/v1/keys', { tenant_id: 'physics', scopes: ['submit'] })
  await enter(page, made.key)
  await page.getByRole('alert').getByText('nodes').waitFor()
  const seeing = await krako.call('POST', '/v1/keys', { tenant_id: 'physics', scopes: ['nodes'] })
  await enter(page, seeing.key)
  await page.getByText('Live').waitFor()
  assert.equal(await page.getByRole('button', { name: /^Suspend/ }).count(), 0, 'who is no operator decides nothing')
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByText("need an operator's key").waitFor()
  assert.deepEqual(wrong.filter((w) => !w.includes('403')), [])
  await close()
})

test('everything is live, and a node is suspended and let begin again', async () => {
  const { page, wrong, close } = await openPage(browser, krako.api, { at: '/console' })
  await enter(page, krako.key)
  await page.getByText('Live').waitFor()
  const rows = page.getByRole('region', { name: 'Nodes and pods' }).getByRole('row')
  assert.equal(await rows.count(), 3, 'a head and two nodes')

  // A session that is submitted elsewhere is seen without being asked for.
  await page.getByRole('tab', { name: 'Sessions' }).click()
  await page.getByText('No session yet').waitFor()
  await krako.submit('2 + 2')
  await page.getByRole('region', { name: 'Sessions' }).getByText('completed').waitFor()
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByText('execution.session.completed').waitFor()

  await page.getByRole('tab', { name: 'Nodes and pods' }).click()
  const stranger = await krako.stranger()
  await page.getByRole('button', { name: /^Suspend/ }).click() // the others are of the trusted zone
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('maintenance')
  await dialog.getByRole('button', { name: 'Suspend' }).click()
  await page.getByRole('button', { name: /^Let begin again/ }).click()
  await dialog.getByRole('button', { name: 'Let begin again' }).click()
  await page.getByRole('button', { name: /^Suspend/ }).waitFor()

  // A node that dies is seen to; a page that is loaded again is where it was.
  stranger.kill('SIGKILL')
  await page.getByRole('region', { name: 'Nodes and pods' }).getByText('away', { exact: true }).waitFor({ timeout: 60_000 })
  await page.getByRole('tab', { name: 'Ledger' }).click()
  await page.reload()
  await page.getByText('Live').waitFor()
  assert.equal(await page.getByRole('tab', { name: 'Ledger' }).getAttribute('aria-selected'), 'true')
  assert.deepEqual(wrong, [])
  await close()
})

for (const theme of ['light', 'dark']) {
  for (const width of [1440, 360]) {
    test(`no violation: ${theme}, ${width} px`, async () => {
      const { page, wrong, close } = await openPage(browser, krako.api, { at: '/console', width, height: 800, theme })
      const check = async (name) => {
        if (!(await page.evaluate('typeof axe'))?.startsWith('o')) await page.evaluate(axe)
        const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
        assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 120)} ${n.failureSummary?.slice(0, 160)}`).join('; ')}`), [], name)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(wide <= 0, `${name}: ${wide} px too wide`)
      }
      await check('door')
      await enter(page, krako.key)
      await page.getByText('Live').waitFor()
      for (const tab of ['Nodes and pods', 'Sessions', 'Ledger', 'Events']) {
        await page.getByRole('tab', { name: tab }).click()
        await check(tab)
      }
      await page.getByRole('tab', { name: 'Nodes and pods' }).click()
      await page.getByRole('button', { name: /^Node 12D3/ }).first().click()
      await page.getByRole('dialog', { name: 'Node' }).waitFor()
      await check('node')
      assert.deepEqual(wrong, [])
      await close()
    })
  }
}

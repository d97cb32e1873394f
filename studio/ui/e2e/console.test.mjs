// What an operator sees and does in the console of a real coordinator.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { checker } from './axe.mjs'
import { openPage, startBrowser, startKrako } from './harness.mjs'

let krako, browser
before(async () => {
  process.env.KRAKO_APPROVAL = 'true' // strangers work once somebody has let them in
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

test('everything is live, and a node is let in, suspended and let begin again', async () => {
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
  const waiting = page.getByRole('region', { name: 'Approvals' })
  await waiting.getByText('1 worker to be let in').waitFor()
  await waiting.getByRole('button', { name: /^Approve/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Operator').fill('physics-lab')
  await dialog.getByRole('button', { name: 'Approve' }).click()
  await waiting.waitFor({ state: 'detached' })
  await page.getByText('of physics-lab').waitFor()
  await page.getByRole('button', { name: /^Suspend/ }).click() // the others are of the trusted zone
  await dialog.getByLabel('Reason').fill('maintenance')
  await dialog.getByRole('button', { name: 'Suspend' }).click()
  await page.getByRole('button', { name: /^Let begin again/ }).click()
  await dialog.getByRole('button', { name: 'Let begin again' }).click()
  await page.getByRole('button', { name: /^Suspend/ }).waitFor()

  // What cannot be taken back is asked for where the node is looked at.
  const worker = page.getByText('of physics-lab').locator('xpath=..')
  const id = await worker.locator('.mono').getAttribute('title')
  await worker.getByRole('button', { name: /^Node/ }).click()
  await page.getByRole('dialog', { name: 'Node' }).getByRole('button', { name: /^Remove/ }).click()
  const remove = page.getByRole('dialog', { name: /^Remove/ })
  await remove.getByText('This cannot be taken back').waitFor()
  await remove.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: /^Suspend/ }).waitFor() // it was not removed
  assert.equal((await krako.call('GET', `/v1/trust/${id}`)).state, 'active')
  await worker.getByRole('button', { name: /^Node/ }).click()
  await page.getByRole('dialog', { name: 'Node' }).getByRole('button', { name: /^Remove/ }).click()
  await remove.getByLabel('Reason').fill('sold')
  await remove.getByRole('button', { name: 'Remove for good' }).click()
  await page.getByRole('region', { name: 'Nodes and pods' }).getByText('removed').first().waitFor()
  const gone = await krako.call('GET', `/v1/trust/${id}`)
  assert.equal(gone.state, 'removed')
  assert.equal(gone.history.at(-1).reason, 'sold')
  assert.equal(await page.getByRole('button', { name: /^(Suspend|Remove|Let begin again|Approve)/ }).count(), 0, 'nothing is left to decide')

  // A node that dies is seen to; a page that is loaded again is where it was.
  stranger.kill('SIGKILL')
  await page.getByRole('region', { name: 'Nodes and pods' }).getByText('away', { exact: true }).waitFor()
  await page.getByRole('tab', { name: 'Ledger' }).click()
  await page.reload()
  await page.getByText('Live').waitFor()
  assert.equal(await page.getByRole('tab', { name: 'Ledger' }).getAttribute('aria-selected'), 'true')
  assert.deepEqual(wrong, [])
  await close()
})

for (const width of [1440, 360]) {
  test(`no violation: ${width} px`, async () => {
    const { page, wrong, close } = await openPage(browser, krako.api, { at: '/console', width, height: 800 })
    const check = checker(page)
    await krako.stranger()
    await check('door')
    await enter(page, krako.key)
    await page.getByText('Live').waitFor()
    await page.getByRole('region', { name: 'Approvals' }).waitFor()
    for (const tab of ['Nodes and pods', 'Sessions', 'Ledger', 'Events']) {
      await page.getByRole('tab', { name: tab }).click()
      await check(tab)
    }
    await page.getByRole('tab', { name: 'Nodes and pods' }).click()
    await page.getByRole('button', { name: /^Node 12D3/ }).first().click()
    await page.getByRole('dialog', { name: 'Node' }).waitFor()
    await check('node')
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await page.getByRole('button', { name: /^Suspend/ }).first().click()
    await page.getByRole('dialog').getByLabel('Reason').waitFor()
    await check('decision')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('tr', { hasText: 'registered' }).getByRole('button', { name: /^Node/ }).first().click()
    await check('a node that can be decided about')
    await page.getByRole('dialog').getByRole('button', { name: /^Remove/ }).click()
    await page.getByText('This cannot be taken back').waitFor()
    await check('removal')
    assert.deepEqual(wrong, [])
    await close()
  })
}

// A model that is there, served by the real llama-server.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ask, openPage, startBrowser, startStudio } from './harness.mjs'

const server = process.env.KRAKO_LLAMA_SERVER
const skip = server ? false : 'no llama-server: KRAKO_LLAMA_SERVER is not set'

const freePort = () =>
  new Promise((found) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address()
      s.close(() => found(port))
    })
  })

let dir, llama, studio, browser
before(async () => {
  if (skip) return
  dir = await mkdtemp(join(tmpdir(), 'studio-model-'))
  execFileSync(process.env.KRAKO_POD ?? '../../bin/krako-pod', ['model', '--out', join(dir, 'nonsense.gguf')], { stdio: 'ignore' })
  const port = await freePort()
  llama = spawn(server, ['-m', join(dir, 'nonsense.gguf'), '--host', '127.0.0.1', '--port', port, '--no-webui', '-c', '8192', '-np', '1'], { stdio: 'ignore' })
  for (let ready = false; !ready; ) ready = await fetch(`http://127.0.0.1:${port}/health`).then((r) => r.ok, () => new Promise((again) => setTimeout(again, 200)))
  ;[studio, browser] = await Promise.all([startStudio('--model-server', `llama.cpp=http://127.0.0.1:${port}`), startBrowser()])
})
after(async () => {
  await browser?.close()
  await studio?.stop()
  llama?.kill()
  if (dir) await rm(dir, { recursive: true, force: true })
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

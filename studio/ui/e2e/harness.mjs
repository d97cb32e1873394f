// Starts the real kora studio and a real Chromium, once for a file of tests.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { build } from 'vite'

export const both = 'what is 15% of 2,340 and how many days from 3 March 2026 to 17 November 2026'

export const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'].find((p) => existsSync(p))
const kora = process.env.KORA ?? '../../bin/kora'
const krako = process.env.KRAKO ?? '../../bin/krako'

/** A Studio with an empty history; args are further flags. */
export async function startStudio(...args) {
  const dir = await mkdtemp(join(tmpdir(), 'studio-'))
  const child = spawn(kora, ['studio', '--no-browser', '--listen', '127.0.0.1:0', '--zone', 'UTC', '--data-dir', dir, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const at = await new Promise((found, failed) => {
    createInterface(child.stdout).on('line', (line) => {
      const at = /http:\S+/.exec(line)
      if (at) found(new URL(at[0]))
    })
    child.on('error', failed) // there is no such program
    child.on('exit', (code) => failed(new Error(`kora studio ended with ${code}`)))
  })
  return {
    base: at.origin,
    token: at.searchParams.get('token'),
    dir,
    async stop() {
      const gone = new Promise((done) => child.on('exit', done))
      child.kill('SIGTERM')
      await gone
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A whole Krako: coordinator and nodes as processes of their own. */
export async function startKrako(nodes, ...args) {
  const dir = await mkdtemp(join(tmpdir(), 'krako-'))
  const child = spawn(krako, ['up', '--dir', dir, '--nodes', nodes, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const api = await new Promise((found, failed) => {
    createInterface(child.stdout).on('line', (line) => {
      const at = /API\s+(\S+)/.exec(line)
      if (at) found(at[1])
    })
    child.on('error', failed)
    child.on('exit', (code) => failed(new Error(`krako up ended with ${code}`)))
  })
  const key = (await readFile(join(dir, 'coord', 'admin.key'), 'utf8')).trim()
  const call = async (method, path, body) => {
    const r = await fetch(api + path, { method, headers: { Authorization: `Bearer ${key}`, ...(body ? { 'Content-Type': 'application/json' } : {}) }, body: body && JSON.stringify(body) })
    if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${await r.text()}`)
    return r.status === 204 ? undefined : r.json()
  }
  const strangers = []
  return {
    api,
    key,
    call,
    /** Starts a node that nobody has vouched for, and returns its process. */
    async stranger() {
      const { addrs } = JSON.parse(await readFile(join(dir, 'coord', 'endpoint.json'), 'utf8'))
      const node = spawn(join(dirname(krako), 'krako-node'), ['--data-dir', join(dir, `stranger-${strangers.length}`), '--slots', '1', '--priority', 'normal', '--on-battery', ...addrs.flatMap((a) => ['--coordinator', a])], { stdio: 'ignore' })
      strangers.push(node)
      return node
    },
    /** Submits what a question comes to, as any client does. */
    submit: (text) =>
      call('POST', '/v1/sessions', {
        task_graph: JSON.parse(execFileSync(kora, ['plan', text], { encoding: 'utf8' })),
        submission_metadata: { submitted_at: new Date().toISOString(), kora_version: 'test' },
      }),
    /** Waits until so many workers are connected. */
    async ready(n) {
      for (let here = 0; here < n; ) {
        here = (await call('GET', '/v1/nodes')).nodes.filter((x) => x.connected).length
        if (here < n) await new Promise((again) => setTimeout(again, 100))
      }
    },
    /** Sends a signal to the process of the i-th node. */
    signal(i, name) {
      for (const pid of execFileSync('pgrep', ['-f', '--', `--data-dir ${join(dir, `node-${i}`)} `], { encoding: 'utf8' }).trim().split('\n')) process.kill(Number(pid), name)
    },
    async stop() {
      for (const s of strangers) s.kill('SIGKILL')
      const gone = new Promise((done) => child.on('exit', done))
      child.kill('SIGTERM')
      await gone
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Bounds a wait; only reached when something hangs, not when the machine is busy. */
export const patience = 180_000

export const launchArguments = process.getuid?.() === 0 ? ['--no-sandbox'] : [] // Chromium wants it of root

export const startBrowser = () => chromium.launch({ executablePath, args: launchArguments })

/** A page whose errors and requests elsewhere are collected in wrong. */
export async function openPage(browser, base, { width = 1440, height = 900, theme = 'light', at = '' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, acceptDownloads: true, locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' })
  // Elsewhere is no secure context, and has no clipboard to permit.
  if (new URL(base).hostname === '127.0.0.1') await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
  context.setDefaultTimeout(patience)
  const page = await context.newPage()
  const wrong = []
  page.on('pageerror', (e) => wrong.push(`error: ${e.message}`))
  page.on('console', (m) => m.type() === 'error' && !m.text().includes('net::ERR_FAILED') && wrong.push(`console: ${m.text()}`))
  page.on('request', (r) => !r.url().startsWith(base) && !r.url().startsWith('data:') && !r.url().startsWith('blob:') && wrong.push(`off origin: ${r.url()}`))
  await page.goto(base + at)
  return { page, wrong, close: () => context.close() }
}

/** A page of nothing but a module of the source, under a name. */
export async function modulePage(browser, entry, name) {
  const built = await build({ configFile: false, logLevel: 'error', build: { write: false, minify: false, lib: { entry, formats: ['iife'], name } } })
  const page = await browser.newPage()
  page.setDefaultTimeout(patience)
  await page.addScriptTag({ content: built[0].output[0].code })
  return page
}

export async function ask(page, text) {
  const box = page.getByRole('textbox', { name: 'Message', exact: true })
  const answers = page.locator('article.kora')
  const before = await answers.count()
  await box.fill(text)
  await box.press('Enter')
  await answers.nth(before).waitFor()
  await answered(page)
}

/** Waits until the last answer is complete. */
export const answered = (page) => page.locator('article.kora').last().getByRole('list', { name: 'How this was answered' }).waitFor()

/** Sends a question on and reads its stream, which is asked for at once, before it can
 * be over: the frames, and the answer to the question. */
export async function toldOf(page, route, base) {
  const { run } = route.request().postDataJSON()
  const posted = route.fetch()
  let stream
  do stream = await page.request.get(`${base}/api/runs/${run}/stream`, { timeout: patience })
  while (!stream.ok())
  return { frames: (await stream.text()).split('\n\n').filter((f) => f.includes('data: ')), response: await posted }
}

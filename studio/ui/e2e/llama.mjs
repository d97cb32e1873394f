// The real llama-server with a small model of nonsense, for tests.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHTTPServer } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const freePort = () =>
  new Promise((found) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address()
      s.close(() => found(port))
    })
  })

/** A server with so long a context; undefined where KRAKO_LLAMA_SERVER names none. */
export async function startModel(context) {
  if (!process.env.KRAKO_LLAMA_SERVER) return undefined
  const dir = await mkdtemp(join(tmpdir(), 'studio-model-'))
  const file = join(dir, 'nonsense.gguf')
  execFileSync(process.env.KRAKO_POD ?? '../../bin/krako-pod', ['model', '--out', file], { stdio: 'ignore' })
  const port = await freePort()
  const server = spawn(process.env.KRAKO_LLAMA_SERVER, ['-m', file, '--host', '127.0.0.1', '--port', port, '--no-webui', '-c', context, '-np', '1'], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  let gone = false // it does not start, as when somebody has taken the port
  server.on('exit', () => (gone = true)).on('error', () => (gone = true))
  for (let ready = false; !ready; ) {
    if (gone) throw new Error('llama-server does not start')
    ready = await fetch(`${url}/health`).then((r) => r.ok, () => new Promise((again) => setTimeout(again, 200)))
  }
  return {
    url,
    file,
    async stop() {
      server.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/**
 * Stands before a server. The first answer of a length is passed on as it comes; whoever
 * wants one as long after that is told the same, event by event, so many a second, if
 * there is a rate.
 */
export async function repeater(url) {
  const kept = new Map()
  const told = async function* (said) {
    const began = performance.now()
    for (let n = 0; n < said.length; ) {
      const due = Math.ceil(((performance.now() - began) / 1000) * it.rate)
      for (; n < Math.min(due, said.length); n++) yield said[n]
      await new Promise((later) => setTimeout(later, 1))
    }
  }
  const server = createHTTPServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray())
    const asked = req.url.endsWith('/chat/completions') ? JSON.parse(body) : undefined
    if (asked) it.asked.push(asked)
    const length = asked?.max_tokens
    if (it.rate && kept.has(length)) {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      for await (const event of told(kept.get(length))) res.write(event)
      res.end()
      return
    }
    const r = await fetch(url + req.url, { method: req.method, headers: { 'Content-Type': 'application/json' }, ...(body.length ? { body } : {}) })
    res.writeHead(r.status, { 'Content-Type': r.headers.get('content-type') })
    let text = ''
    for await (const piece of r.body ?? []) {
      res.write(piece)
      text += Buffer.from(piece).toString('latin1')
    }
    res.end()
    if (length) kept.set(length, text.split(/(?<=\n\n)/).map((e) => Buffer.from(e, 'latin1')))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const it = {
    url: `http://127.0.0.1:${server.address().port}`,
    rate: 0, // events a second
    asked: [], // what the model was asked
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
  return it
}

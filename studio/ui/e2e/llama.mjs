// The real llama-server with a small model of nonsense, for tests.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
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
  for (let ready = false; !ready; ) ready = await fetch(`${url}/health`).then((r) => r.ok, () => new Promise((again) => setTimeout(again, 200)))
  return {
    url,
    file,
    async stop() {
      server.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

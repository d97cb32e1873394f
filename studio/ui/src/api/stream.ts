import type { Run } from './client'
import { frames } from './sse'

/** One thing that happened to a run. */
export type Frame =
  | { name: 'plan' | 'done'; run: Run }
  | { name: 'event'; event: RawEvent }
  | { name: 'text'; text: string; restart: boolean }

export type RawEvent = { id: string; type: string; subject?: string; time: string; sessionid?: string; attempt?: number; data?: Record<string, unknown> }

const shortest = 50
const longest = 5000

/**
 * Calls tell with every frame of a run, each once and in order, however often the
 * connection is cut: what was seen last is said when it is opened again. Ends after
 * the frame that says all, or when the run is gone.
 */
export async function follow(run: string, tell: (f: Frame) => void, signal: AbortSignal): Promise<void> {
  let last = ''
  let wait = shortest
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = last ? { 'Last-Event-ID': last } : {}
      const r = await fetch(`/api/runs/${encodeURIComponent(run)}/stream`, { headers, signal })
      if (r.status === 404) return
      if (r.ok && r.body) {
        for await (const some of frames(r.body)) {
          wait = shortest
          for (const f of some) {
            if (f.id) last = f.id
            const frame = read(f.event, f.data)
            if (frame) tell(frame)
            if (frame?.name === 'done') return
          }
        }
      }
    } catch {
      if (signal.aborted) return
    }
    await new Promise((done) => setTimeout(done, wait))
    wait = Math.min(wait * 2, longest)
  }
}

function read(name: string, data: string): Frame | undefined {
  const v = JSON.parse(data)
  switch (name) {
    case 'plan':
    case 'done':
      return { name, run: v }
    case 'event':
      return { name, event: v }
    case 'text':
      return { name, text: v.text, restart: v.restart ?? false }
  }
  return undefined
}

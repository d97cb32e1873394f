import { frames } from '../api/sse'
import type { components } from './schema'

type Schemas = components['schemas']
export type View = Schemas['FabricView']
export type NodeView = Schemas['NodeView']
export type Trust = Schemas['NodeTrust']
export type Session = Schemas['SessionSummary']
export type Entry = Schemas['LedgerEntry']
export type Happening = Schemas['Event']

const mostEvents = 500
const mostEntries = 200
const longest = 5000

/** What is known of the fabric, live. Nothing is kept: a new connection begins anew. */
export class Fabric {
  view = $state.raw<View>()
  events = $state.raw<Happening[]>([]) // newest first
  entries = $state.raw<Entry[]>([]) // newest first
  key = $state('')
  state = $state<'out' | 'connecting' | 'live' | 'lost'>('out')
  wrong = $state('')
  theme = $state<'system' | 'light' | 'dark'>('system')
  private following?: AbortController

  trust = $derived(new Map((this.view?.trust ?? []).map((t) => [t.node_id, t])))

  start() {
    const kept = sessionStorage.getItem('key')
    if (kept) this.enter(kept)
  }

  /** Shows the fabric with a key, which stays in this tab until it is closed. */
  enter(key: string) {
    this.leave()
    this.key = key
    this.wrong = ''
    this.state = 'connecting'
    this.following = new AbortController()
    this.follow(this.following.signal)
  }

  leave() {
    this.following?.abort()
    sessionStorage.removeItem('key')
    this.key = ''
    this.view = undefined
    this.events = []
    this.entries = []
    this.state = 'out'
  }

  private async follow(signal: AbortSignal) {
    let wait = 300
    while (!signal.aborted) {
      try {
        const r = await fetch('/v1/watch', { headers: { Authorization: `Bearer ${this.key}`, Accept: 'text/event-stream' }, signal })
        if (r.status === 401 || r.status === 403) {
          const p = await r.json().catch(() => ({}))
          this.leave()
          this.wrong = p.detail ?? 'The coordinator does not accept this key.'
          return
        }
        if (r.ok && r.body) {
          sessionStorage.setItem('key', this.key)
          this.entries = []
          for await (const some of frames(r.body)) {
            if (signal.aborted) return
            wait = 300
            this.state = 'live'
            for (const f of some) this.take(f.event, JSON.parse(f.data))
          }
        }
      } catch {
        if (signal.aborted) return
      }
      this.state = 'lost'
      await new Promise((done) => setTimeout(done, wait))
      wait = Math.min(wait * 2, longest)
    }
  }

  private take(name: string, data: unknown) {
    if (name === 'view') this.view = data as View
    else if (name === 'ledger') this.entries = [...(data as Entry[]).toReversed(), ...this.entries].slice(0, mostEntries)
    else if (name === '' || name === 'message') this.events = [data as Happening, ...this.events].slice(0, mostEvents)
  }

  /** Carries out a decision about a node; returns what is wrong, empty if nothing is. */
  async order(node: string, order: string, operator: string, reason: string): Promise<string> {
    try {
      const r = await fetch(`/v1/trust/${encodeURIComponent(node)}`, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ order, ...(operator ? { operator } : {}), ...(reason ? { reason } : {}) }),
      })
      if (r.ok) return ''
      const p = await r.json().catch(() => ({}))
      return p.detail ?? `The coordinator answered ${r.status}`
    } catch {
      return 'The coordinator does not answer.'
    }
  }

  /** All that is known of a node's conduct, its history included. */
  async conduct(node: string): Promise<Trust | undefined> {
    const r = await fetch(`/v1/trust/${encodeURIComponent(node)}`, { headers: { Authorization: `Bearer ${this.key}` } }).catch(() => undefined)
    return r?.ok ? r.json() : undefined
  }

  setTheme(theme: 'system' | 'light' | 'dark') {
    localStorage.setItem('theme', theme)
    this.readTheme()
  }

  readTheme() {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const kept = localStorage.getItem('theme')
    this.theme = kept === 'light' || kept === 'dark' ? kept : 'system'
    const apply = () => (document.documentElement.dataset.theme = this.theme === 'system' ? (dark.matches ? 'dark' : 'light') : this.theme)
    dark.onchange = apply
    apply()
  }
}

export const fabric = new Fabric()

// What the page asks its server. Types come from the server's own document.
import type { components } from './schema'

type Schemas = components['schemas']
export type Run = Schemas['Run']
export type Unit = Schemas['Unit']
export type Message = Schemas['Message']
export type Thread = Schemas['Thread']
export type Found = Schemas['Found']
export type Question = Schemas['Question']
export type Attachment = Schemas['Attachment']
export type State = Schemas['State']
export type Detail = Schemas['Detail']
export type Drawing = Schemas['Drawing']
export type Stage = Schemas['Stage']
export type Event = Schemas['Event']
export type Step = Schemas['Step']
export type Repeat = Schemas['Repeat']
export type Fabric = Schemas['Fabric']
export type Quoted = Schemas['Quoted']
export type Placement = Schemas['Placement']

/** An answer that is a problem (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail)
  }
}

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const r = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: signal ?? null })
  if (!r.ok) throw await problem(r)
  return r.json() as Promise<T>
}

async function problem(r: Response): Promise<Problem> {
  const p = await r.json().catch(() => ({}))
  return new Problem(r.status, p.code ?? '', p.detail ?? `Studio answered ${r.status}`)
}

const id = encodeURIComponent

export const api = {
  state: () => call<State>('GET', '/api/state'),
  set: (name: string, value: unknown) => call('PUT', `/api/settings/${id(name)}`, { value }),
  chats: (query: string, signal?: AbortSignal) => call<Found[]>('GET', `/api/chats?q=${id(query)}`, undefined, signal),
  chat: (chat: string) => call<Thread>('GET', `/api/chats/${id(chat)}`),
  change: (chat: string, to: { title?: string; leaf?: string; place?: '' | 'krako' }) => call('PATCH', `/api/chats/${id(chat)}`, to),
  remove: (chat: string) => call('DELETE', `/api/chats/${id(chat)}`),
  import: (file: unknown) => call<{ id: string }>('POST', '/api/chats', file),
  ask: (q: Question) => call('POST', '/api/messages', q),
  quote: (q: Question) => call<Quoted>('POST', '/api/quotes', q),
  fabric: () => call<Fabric>('GET', '/api/fabric'),
  useFabric: (to: { url: string; key?: string; pin?: string }) => call<Fabric>('PUT', '/api/fabric', to),
  forgetFabric: () => call('DELETE', '/api/fabric'),
  placement: (run: string, unit: string) => call<Placement>('GET', `/api/runs/${id(run)}/units/${id(unit)}/placement`),
  run: (run: string) => call<Run>('GET', `/api/runs/${id(run)}`),
  stop: (run: string) => call('POST', `/api/runs/${id(run)}/stop`),
  events: (run: string) => call<Event[]>('GET', `/api/runs/${id(run)}/events`),
  drawing: (run: string, direction: string, collapse = false, expand: number[] = []) =>
    call<Drawing>('GET', `/api/runs/${id(run)}/drawing?direction=${direction}${collapse ? `&collapse=true${expand.length ? `&expand=${expand.join(',')}` : ''}` : ''}`),
  unit: (run: string, unit: string) => call<Detail>('GET', `/api/runs/${id(run)}/units/${id(unit)}`),
  proof: (run: string, unit: string) => call<Step[]>('GET', `/api/runs/${id(run)}/units/${id(unit)}/proof`),
  repeat: (run: string) => call<Repeat>('POST', `/api/runs/${id(run)}/repeat`),
  async attach(file: File): Promise<Attachment> {
    const r = await fetch(`/api/attachments?name=${id(file.name)}`, {
      method: 'POST',
      headers: { 'Content-Type': file.type || 'application/octet-stream' },
      body: file,
    })
    if (!r.ok) throw await problem(r)
    return r.json()
  },
  exportRun: (run: string, format: string, direction = 'lr') => `/api/runs/${id(run)}/export?format=${format}&direction=${direction}`,
  exportChat: (chat: string, format: string) => `/api/chats/${id(chat)}/export?format=${format}`,
}

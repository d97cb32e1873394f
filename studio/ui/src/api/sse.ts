/** A frame of a text/event-stream. The event of one without a name is empty. */
export type Raw = { id: string; event: string; data: string }

/** The frames of a text/event-stream; one that was cut off is not among them. */
export async function* frames(body: ReadableStream<Uint8Array>): AsyncGenerator<Raw> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      rest += value
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        const f: Raw = { id: '', event: '', data: '' }
        for (const line of rest.slice(0, end).split('\n')) {
          const colon = line.indexOf(': ')
          const field = line.slice(0, colon)
          if (field === 'id' || field === 'event' || field === 'data') f[field] = line.slice(colon + 2)
        }
        rest = rest.slice(end + 2)
        if (f.data) yield f
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

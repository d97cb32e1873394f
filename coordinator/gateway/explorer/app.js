// Shows the OpenAPI document of the gateway that served this page and makes
// requests to it. Everything from the document and from answers is put into the
// page as text, never as markup. Nothing is stored.

const $ = (id) => document.getElementById(id);

/** Makes an element with properties and children. */
function make(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === 'class') e.className = value;
    else if (name in e) e[name] = value;
    else e.setAttribute(name, value);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}

const key = () => $('key').value.trim();

// Schemas.

/** Follows a reference into the document. */
function follow(doc, schema) {
  for (let n = 0; schema && schema.$ref && n < 8; n++) {
    schema = schema.$ref.slice(2).split('/').reduce((at, step) => at?.[step], doc);
  }
  return schema ?? {};
}

const typeOf = (s) => [].concat(s.type ?? (s.properties ? 'object' : 'any')).join(' | ') + (s.format ? ` (${s.format})` : '');

/** Lists the members of a schema; deeper ones unfold when they are asked for. */
function tree(doc, schema, depth = 0) {
  const s = follow(doc, schema);
  const list = make('ul', { class: 'schema' });
  for (const [name, member] of Object.entries(s.properties ?? {})) {
    const m = follow(doc, member);
    const inner = m.items ? follow(doc, m.items) : m;
    const label = [
      make('code', { class: (s.required ?? []).includes(name) ? 'required' : '' }, name), ' ',
      make('span', { class: 'type' }, m.items ? `array of ${typeOf(inner)}` : typeOf(m)),
      m.enum ? make('span', { class: 'type' }, ` one of ${m.enum.join(', ')}`) : null,
      m.description ? make('span', {}, ` – ${m.description}`) : null,
    ];
    if (!inner.properties || depth > 6) {
      list.append(make('li', {}, ...label));
      continue;
    }
    const more = make('details', {}, make('summary', {}, ...label));
    more.addEventListener('toggle', () => { if (more.open && more.children.length === 1) more.append(tree(doc, inner, depth + 1)); });
    list.append(make('li', {}, more));
  }
  if (!list.children.length) list.append(make('li', {}, make('span', { class: 'type' }, typeOf(s)), s.description ? ` – ${s.description}` : ''));
  return list;
}

/** Makes an example of a schema: what is required, with a value of its type. */
function example(doc, schema, depth = 0) {
  const s = follow(doc, schema);
  if (s.example !== undefined) return s.example;
  if (s.examples?.length) return s.examples[0];
  if (s.enum) return s.enum[0];
  if (depth > 5) return null;
  if (s.properties) {
    const wanted = s.required ?? Object.keys(s.properties);
    return Object.fromEntries(wanted.filter((n) => n in s.properties).map((n) => [n, example(doc, s.properties[n], depth + 1)]));
  }
  switch ([].concat(s.type)[0]) {
    case 'array': return s.items ? [example(doc, s.items, depth + 1)] : [];
    case 'integer': case 'number': return s.minimum ?? 0;
    case 'boolean': return false;
    case 'string':
      if (s.format === 'date-time') return new Date().toISOString();
      if (s.format === 'uuid') return crypto.randomUUID?.() ?? '';
      return '';
  }
  return {};
}

// Operations.

const operations = (doc) => Object.entries(doc.paths).flatMap(([path, item]) => Object.entries(item)
  .map(([method, op]) => ({ method, path, tag: op.tags?.[0] ?? 'other', ...op })));

function scopes(op) {
  if (!op.security?.length) return 'no key';
  const names = [...new Set(op.security.flatMap((s) => Object.values(s).flat()))];
  return names.length ? `scope ${names.join(' or ')}` : 'any key';
}

function parameterField(doc, op, p) {
  const s = follow(doc, p.schema);
  const id = `${op.operationId}-${p.in}-${p.name}`;
  const input = make('input', { id, name: p.name, placeholder: String(s.default ?? s.example ?? ''), spellcheck: false });
  return {
    p, input,
    view: make('div', { class: 'field' },
      make('label', { htmlFor: id, class: p.required ? 'required' : '' }, `${p.name} (${p.in})`), input,
      make('small', {}, [p.description, typeOf(s)].filter(Boolean).join(' – '))),
  };
}

/** The part of an operation that chooses what is sent as the body. */
function bodyField(doc, op) {
  if (!op.requestBody) return null;
  const types = Object.keys(op.requestBody.content);
  const isJSON = types[0] === 'application/json';
  const type = make('select', { 'aria-label': 'Content type' }, ...types.map((t) => make('option', {}, t)));
  const schema = op.requestBody.content[types[0]].schema;
  const text = make('textarea', { spellcheck: false, 'aria-label': 'Body', value: isJSON ? JSON.stringify(example(doc, schema), null, 2) : '' });
  const file = make('input', { type: 'file', 'aria-label': 'File to send as the body' });
  return {
    type, content: () => (isJSON ? text.value : file.files[0] ?? new Blob([])),
    view: make('section', {}, make('h3', {}, 'Body ', type), isJSON ? text : file,
      isJSON ? make('details', {}, make('summary', {}, 'Form'), tree(doc, schema)) : null),
  };
}

/** Builds the request that the fields of an operation say. */
function requestOf(op, params, body) {
  let path = op.path;
  const query = new URLSearchParams();
  const headers = {};
  if (key()) headers.Authorization = `Bearer ${key()}`;
  for (const { p, input } of params) {
    const v = input.value;
    if (p.in === 'path') path = path.replace(`{${p.name}}`, encodeURIComponent(v));
    else if (v === '') continue;
    else if (p.in === 'query') query.set(p.name, v);
    else if (p.in === 'header') headers[p.name] = v;
  }
  if (body) headers['Content-Type'] = body.type.value;
  return [path.slice(1) + (query.size ? `?${query}` : ''), { method: op.method.toUpperCase(), headers, body: body?.content(), cache: 'no-store' }];
}

const mostShown = 1 << 20;

/** Writes an answer into the page as it arrives, up to a bound. */
async function show(response, out) {
  const head = [`${response.status} ${response.statusText}`.trim(), ...[...response.headers].map(([n, v]) => `${n}: ${v}`)].join('\n');
  const text = make('pre', { tabIndex: 0 });
  out.replaceChildren(make('h3', {}, 'Answer'), make('pre', {}, head), text);
  const type = response.headers.get('Content-Type') ?? '';
  if (!/json|text/.test(type)) {
    const bytes = await response.blob();
    if (bytes.size) text.append(`${bytes.size} bytes of ${type || 'no type'}`);
    return;
  }
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let all = '';
  for (let part; reader && all.length < mostShown && !(part = await reader.read()).done;) {
    all += part.value;
    text.append(part.value);
  }
  if (all.length >= mostShown) { await reader.cancel(); text.append('\n… cut here'); return; }
  if (type.includes('json')) {
    try { text.textContent = JSON.stringify(JSON.parse(all), null, 2); } catch { /* shown as it came */ }
  }
}

function sender(op, params, body) {
  const out = make('section', { 'aria-live': 'polite' });
  const send = make('button', { type: 'button' }, 'Send');
  const stop = make('button', { type: 'button', class: 'quiet', disabled: true }, 'Stop');
  let under;
  stop.addEventListener('click', () => under?.abort());
  send.addEventListener('click', async () => {
    under = new AbortController();
    send.disabled = true; stop.disabled = false;
    try {
      const [path, init] = requestOf(op, params, body);
      await show(await fetch(path, { ...init, signal: under.signal }), out);
    } catch (e) {
      out.append(make('pre', {}, e.name === 'AbortError' ? 'stopped' : `no answer: ${e.message}`));
    } finally {
      send.disabled = false; stop.disabled = true;
    }
  });
  return make('div', {}, make('div', { class: 'send' }, send, stop), out);
}

function answers(doc, op) {
  const list = make('section', {}, make('h3', {}, 'Answers'));
  for (const [status, r] of Object.entries(op.responses ?? {})) {
    const schema = Object.values(r.content ?? {})[0]?.schema;
    list.append(make('details', {}, make('summary', {}, make('code', {}, status), ` ${r.description ?? ''}`), schema ? tree(doc, schema) : null));
  }
  return list;
}

function fill(doc, op, body) {
  const params = (op.parameters ?? []).map((p) => parameterField(doc, op, p));
  const content = bodyField(doc, op);
  body.append(...[
    op.description ? make('p', {}, op.description) : null,
    ...params.map((p) => p.view), content?.view, sender(op, params, content), answers(doc, op),
  ].filter(Boolean));
}

function card(doc, op) {
  const body = make('div', { class: 'body' });
  const e = make('details', { class: 'operation', id: op.operationId },
    make('summary', {},
      make('span', { class: `method ${op.method}` }, op.method.toUpperCase()), make('span', { class: 'path' }, op.path),
      make('span', { class: 'title' }, op.summary ?? ''), make('span', { class: 'scopes' }, scopes(op))),
    body);
  e.addEventListener('toggle', () => { if (e.open && !body.children.length) fill(doc, op, body); });
  return e;
}

function link(op) {
  const a = make('a', { href: `#${op.operationId}` }, make('span', { class: `method ${op.method}` }, op.method.toUpperCase()), make('span', {}, op.path));
  a.addEventListener('click', () => { $(op.operationId).open = true; });
  return a;
}

function filterBy(word) {
  for (const e of document.querySelectorAll('details.operation')) e.hidden = !e.firstChild.textContent.toLowerCase().includes(word);
  for (const a of document.querySelectorAll('#index a')) a.hidden = $(a.hash.slice(1)).hidden;
}

async function start() {
  $('access').addEventListener('submit', (e) => e.preventDefault());
  $('filter').addEventListener('input', (e) => filterBy(e.target.value.trim().toLowerCase()));
  const response = await fetch('openapi.json', { cache: 'no-store' });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const doc = await response.json();
  $('version').textContent = doc.info.version;
  $('status').remove();
  for (const [tag, ops] of Map.groupBy(operations(doc), (op) => op.tag)) {
    $('index').append(make('h2', {}, tag), ...ops.map(link));
    $('operations').append(make('h2', {}, tag), ...ops.map((op) => card(doc, op)));
  }
  const wanted = location.hash && $(location.hash.slice(1));
  if (wanted) { wanted.open = true; wanted.scrollIntoView(); }
}

start().catch((e) => { $('status').textContent = `The document cannot be read: ${e.message}`; });

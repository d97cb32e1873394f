package history

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sqlite"
)

// Found is a chat that was looked for, with the words around what was found.
type Found struct {
	Chat
	Excerpt string `json:"excerpt"`
}

// around is how much of a message is shown around what was found, in characters.
const around = 40

// Chats returns at most limit chats, the last one used first. With a query, those
// in whose title or messages it stands, whatever the case of its letters.
func (s *Store) Chats(ctx context.Context, query string, limit int) ([]Found, error) {
	found := []Found{}
	row := func(scan func(...any) error) error {
		var f Found
		var text string
		err := scan(&f.ID, &f.Title, &f.Created, &f.Updated, &f.Leaf, &f.Place, &f.Agreed, &text)
		f.Excerpt = excerpt(text, query)
		found = append(found, f)
		return err
	}
	const columns = "SELECT c.id, c.title, c.created, c.updated, c.leaf, c.place, c.agreed, "
	if query == "" {
		err := s.db.Query(ctx, row, columns+"'' FROM chats c ORDER BY c.updated DESC, c.id LIMIT ?", limit)
		return found, wrap("list chats", err)
	}
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(query) + "%"
	err := s.db.Query(ctx, row, columns+`coalesce((SELECT m.text FROM messages m WHERE m.chat = c.id AND m.text LIKE ?1 ESCAPE '\' ORDER BY m.created LIMIT 1), '') AS hit
FROM chats c WHERE c.title LIKE ?1 ESCAPE '\' OR hit <> '' ORDER BY c.updated DESC, c.id LIMIT ?2`, like, limit)
	return found, wrap("search chats", err)
}

// excerpt is the part of text around query.
func excerpt(text, query string) string {
	at := strings.Index(strings.ToLower(text), strings.ToLower(query))
	if query == "" || at < 0 || at > len(text) {
		return ""
	}
	before, after := []rune(text[:at]), []rune(text[at:])
	start, end := max(0, len(before)-around), min(len(after), around+len([]rune(query)))
	return strings.Join(strings.Fields(string(before[start:])+string(after[:end])), " ")
}

// Chat returns a chat with all of its messages, in the order they were said.
func (s *Store) Chat(ctx context.Context, id string) (Chat, []Message, error) {
	c, ok := Chat{}, false
	err := s.db.Query(ctx, func(scan func(...any) error) error {
		ok = true
		return scan(&c.ID, &c.Title, &c.Created, &c.Updated, &c.Leaf, &c.Place, &c.Agreed)
	}, "SELECT id, title, created, updated, leaf, place, agreed FROM chats WHERE id = ?", id)
	if err != nil {
		return c, nil, wrap("read chat", err)
	}
	if !ok {
		return c, nil, contracts.Errorf(contracts.CodeNotFound, id, "there is no such chat")
	}
	messages := []Message{}
	err = s.db.Query(ctx, func(scan func(...any) error) error {
		m, err := scanMessage(scan)
		messages = append(messages, m)
		return err
	}, messageColumns+"WHERE chat = ? ORDER BY created, rowid", id)
	return c, messages, wrap("read chat", err)
}

const messageColumns = "SELECT id, chat, parent, role, text, created, run, attachments FROM messages "

func scanMessage(scan func(...any) error) (m Message, err error) {
	var at string
	if err := scan(&m.ID, &m.Chat, &m.Parent, &m.Role, &m.Text, &m.Created, &m.Run, &at); err != nil {
		return m, err
	}
	m.Attachments = []Attachment{}
	return m, json.Unmarshal([]byte(at), &m.Attachments)
}

// Message returns one message.
func (s *Store) Message(ctx context.Context, id string) (m Message, err error) {
	ok := false
	err = s.db.Query(ctx, func(scan func(...any) error) (err error) {
		ok = true
		m, err = scanMessage(scan)
		return err
	}, messageColumns+"WHERE id = ?", id)
	if err == nil && !ok {
		return m, contracts.Errorf(contracts.CodeNotFound, id, "there is no such message")
	}
	return m, wrap("read message", err)
}

// Run returns one run.
func (s *Store) Run(ctx context.Context, id string) (Run, error) {
	r, ok := Run{}, false
	err := s.db.Query(ctx, func(scan func(...any) error) error {
		ok = true
		var request, reply, events string
		err := scan(&r.ID, &r.Message, &request, &reply, &events)
		r.Request, r.Reply, r.Events = json.RawMessage(request), json.RawMessage(reply), json.RawMessage(events)
		return err
	}, "SELECT id, message, request, reply, events FROM runs WHERE id = ?", id)
	if err == nil && !ok {
		return r, contracts.Errorf(contracts.CodeNotFound, id, "there is no such run")
	}
	return r, wrap("read run", err)
}

// Unanswered are the runs that were under way when the history was last used.
func (s *Store) Unanswered(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.db.Query(ctx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT id FROM runs WHERE reply = ''")
	return ids, wrap("list runs", err)
}

// Settings returns all settings, as their owner encoded them.
func (s *Store) Settings(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	err := s.db.Query(ctx, func(scan func(...any) error) error {
		var name, value string
		err := scan(&name, &value)
		all[name] = value
		return err
	}, "SELECT name, value FROM settings")
	return all, wrap("read settings", err)
}

// Set changes one setting.
func (s *Store) Set(ctx context.Context, name, value string) error {
	return wrap("change setting", s.db.Update(ctx, func(tx *sqlite.Tx) error {
		return tx.Exec("INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	}))
}

// Import adds a chat with all that belongs to it, as one step. A chat that is
// there already is a CONFLICT.
func (s *Store) Import(ctx context.Context, c Chat, messages []Message, runs []Run) error {
	return wrap("import chat", s.db.Update(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Change("INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", c.ID, c.Title, c.Created, c.Updated, c.Leaf, c.Place, c.Agreed)
		if err != nil {
			return err
		}
		if n == 0 {
			return contracts.Errorf(contracts.CodeConflict, c.ID, "this chat is here already")
		}
		for i := range messages {
			messages[i].Chat = c.ID
			if err := insert(tx, &messages[i]); err != nil {
				return err
			}
		}
		for _, r := range runs {
			if err := tx.Exec("INSERT INTO runs VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", r.ID, r.Message, string(r.Request), string(r.Reply), string(r.Events)); err != nil {
				return err
			}
		}
		return nil
	}))
}

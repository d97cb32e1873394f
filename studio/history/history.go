package history

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sqlite"
)

// Chat is a conversation. Times are in milliseconds since 1970.
type Chat struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Created int64  `json:"created"`
	Updated int64  `json:"updated"`
	// Leaf is the message at the end of the branch that is shown.
	Leaf string `json:"leaf"`
	// Place is where its next question is to run, empty for this computer.
	Place string `json:"place"`
	// Agreed is the gateway that its owner agreed to send it to, empty for none.
	Agreed string `json:"agreed"`
}

// Role is who said a message.
type Role string

// The roles.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Attachment is data that came with a message, by its address.
type Attachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	CID       string `json:"cid"`
	Bytes     int64  `json:"bytes"`
}

// Message is one turn. An assistant's message belongs to the run of the same id
// as its Run.
type Message struct {
	ID          string       `json:"id"`
	Chat        string       `json:"chat"`
	Parent      string       `json:"parent"`
	Role        Role         `json:"role"`
	Text        string       `json:"text"`
	Created     int64        `json:"created"`
	Run         string       `json:"run"`
	Attachments []Attachment `json:"attachments" nullable:"false"`
}

// Run is what answered a message: what became of it, as its owner encodes it, and
// the events. Reply is empty while it runs.
type Run struct {
	ID      string          `json:"id"`
	Message string          `json:"message"`
	Request json.RawMessage `json:"request"`
	Reply   json.RawMessage `json:"reply,omitempty"`
	Events  json.RawMessage `json:"events,omitempty"`
}

// Store is an open history. It is safe for concurrent use.
type Store struct{ db *sqlite.DB }

// schema is the history of the schema; what was released is never changed.
var schema = []string{`
CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, leaf TEXT NOT NULL);
CREATE INDEX chats_updated ON chats (updated);
CREATE TABLE messages (id TEXT PRIMARY KEY, chat TEXT NOT NULL, parent TEXT NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL,
  created INTEGER NOT NULL, run TEXT NOT NULL, attachments TEXT NOT NULL);
CREATE INDEX messages_chat ON messages (chat, created);
CREATE TABLE runs (id TEXT PRIMARY KEY, message TEXT NOT NULL, request TEXT NOT NULL, reply TEXT NOT NULL, events TEXT NOT NULL);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`, `
ALTER TABLE chats ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE chats ADD COLUMN agreed TEXT NOT NULL DEFAULT '';
`}

// Open opens the history in the file at path, or makes it.
func Open(ctx context.Context, path string) (*Store, error) {
	db, err := sqlite.OpenKept(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// Close ends the use of the history.
func (s *Store) Close() error { return s.db.Close() }

// Say adds messages, and a run that answers the last of them, in one step. The
// chat is made if it is not there; its leaf becomes the last message. What is
// there already stays as it is, so saying the same twice is saying it once: fresh
// reports whether the run was new. A gateway in c.Agreed is remembered; an empty one
// takes nothing back.
func (s *Store) Say(ctx context.Context, c Chat, run *Run, messages ...Message) (fresh bool, err error) {
	err = s.db.Update(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Change("INSERT INTO runs VALUES (?, ?, ?, '', '') ON CONFLICT DO NOTHING", run.ID, run.Message, string(run.Request))
		if err != nil || n == 0 {
			return err
		}
		fresh = true
		if err := tx.Exec("INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", c.ID, c.Title, c.Created, c.Updated, c.Leaf, c.Place, c.Agreed); err != nil {
			return err
		}
		for i := range messages {
			if err := insert(tx, &messages[i]); err != nil {
				return err
			}
		}
		return tx.Exec("UPDATE chats SET leaf = ?1, updated = ?2, place = ?3, agreed = CASE ?4 WHEN '' THEN agreed ELSE ?4 END WHERE id = ?5",
			messages[len(messages)-1].ID, c.Updated, c.Place, c.Agreed, c.ID)
	})
	return fresh, wrap("keep message", err)
}

func insert(tx *sqlite.Tx, m *Message) error {
	at, err := json.Marshal(m.Attachments)
	if err != nil {
		return err
	}
	return tx.Exec("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		m.ID, m.Chat, m.Parent, string(m.Role), m.Text, m.Created, m.Run, string(at))
}

// Answer writes down what became of a run, and the text of its message.
func (s *Store) Answer(ctx context.Context, run, text string, reply, events json.RawMessage, now time.Time) error {
	return wrap("keep answer", s.db.Update(ctx, func(tx *sqlite.Tx) error {
		if err := tx.Exec("UPDATE runs SET reply = ?, events = ? WHERE id = ?", string(reply), string(events), run); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE messages SET text = ? WHERE run = ? AND role = 'assistant'", text, run); err != nil {
			return err
		}
		return tx.Exec("UPDATE chats SET updated = ? WHERE id = (SELECT chat FROM messages WHERE run = ? LIMIT 1)", now.UnixMilli(), run)
	}))
}

// Change is what to change of a chat; nil leaves a field alone.
type Change struct{ Title, Leaf, Place *string }

// Change renames a chat, or remembers another leaf or place.
func (s *Store) Change(ctx context.Context, id string, to Change) error {
	var n int64
	err := s.db.Update(ctx, func(tx *sqlite.Tx) (err error) {
		n, err = tx.Change("UPDATE chats SET title = coalesce(?, title), leaf = coalesce(?, leaf), place = coalesce(?, place) WHERE id = ?", to.Title, to.Leaf, to.Place, id)
		return err
	})
	if err == nil && n == 0 {
		return contracts.Errorf(contracts.CodeNotFound, id, "there is no such chat")
	}
	return wrap("change chat", err)
}

// Delete removes a chat with its messages and runs, which are gone for good.
func (s *Store) Delete(ctx context.Context, id string) error {
	return wrap("delete chat", s.db.Update(ctx, func(tx *sqlite.Tx) error {
		for _, q := range []string{
			"DELETE FROM runs WHERE id IN (SELECT run FROM messages WHERE chat = ? AND run <> '')",
			"DELETE FROM messages WHERE chat = ?", "DELETE FROM chats WHERE id = ?",
		} {
			if err := tx.Exec(q, id); err != nil {
				return err
			}
		}
		return nil
	}))
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

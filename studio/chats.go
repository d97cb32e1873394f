package studio

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/studio/history"
)

// Thread is a chat with all of its messages, branches included.
type Thread struct {
	history.Chat
	Messages []history.Message `json:"messages" nullable:"false"`
	// Runs are the runs of its messages.
	Runs []Run `json:"runs" nullable:"false"`
}

const maxChats = 500

type chatsInput struct {
	Query string `query:"q" maxLength:"200"`
}

func (s *Server) listChats(ctx context.Context, in *chatsInput) ([]history.Found, error) {
	return s.o.History.Chats(ctx, in.Query, maxChats)
}

type idInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *Server) getChat(ctx context.Context, in *idInput) (Thread, error) {
	c, messages, err := s.o.History.Chat(ctx, in.ID)
	if err != nil {
		return Thread{}, err
	}
	out := Thread{Chat: c, Messages: messages, Runs: []Run{}}
	for i := range messages {
		if messages[i].Role != history.Assistant || messages[i].Run == "" {
			continue
		}
		r, err := s.getRun(ctx, &idInput{messages[i].Run})
		if err != nil {
			return Thread{}, err
		}
		out.Runs = append(out.Runs, r)
	}
	return out, nil
}

type changeInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Title *string `json:"title,omitempty" maxLength:"200"`
		Leaf  *string `json:"leaf,omitempty" maxLength:"64"`
		// Place is where its next question is to run.
		Place *string `json:"place,omitempty" enum:",krako"`
	}
}

func (s *Server) changeChat(ctx context.Context, in *changeInput) (none, error) {
	return none{}, s.o.History.Change(ctx, in.ID, history.Change{Title: in.Body.Title, Leaf: in.Body.Leaf, Place: in.Body.Place})
}

func (s *Server) deleteChat(ctx context.Context, in *idInput) (none, error) {
	_, messages, err := s.o.History.Chat(ctx, in.ID)
	for i := range messages {
		if f, ok := s.live.find(messages[i].Run); ok {
			f.cancel()
		}
	}
	if err != nil {
		return none{}, err
	}
	return none{}, s.o.History.Delete(ctx, in.ID)
}

// Export is a chat as it leaves and comes back.
type Export struct {
	Format   string            `json:"format" enum:"kora-chat/1"`
	Chat     history.Chat      `json:"chat"`
	Messages []history.Message `json:"messages" nullable:"false" maxItems:"10000"`
	Runs     []ExportedRun     `json:"runs" nullable:"false" maxItems:"10000"`
}

// ExportedRun is a run as it was kept.
type ExportedRun struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Request any    `json:"request"`
	Reply   any    `json:"reply"`
	Events  any    `json:"events"`
}

const exportFormat = "kora-chat/1"

func (s *Server) export(ctx context.Context, id string) (*Export, error) {
	c, messages, err := s.o.History.Chat(ctx, id)
	if err != nil {
		return nil, err
	}
	e := &Export{Format: exportFormat, Chat: c, Messages: messages, Runs: []ExportedRun{}}
	for i := range messages {
		if messages[i].Role != history.Assistant || messages[i].Run == "" {
			continue
		}
		r, err := s.o.History.Run(ctx, messages[i].Run)
		if err != nil {
			return nil, err
		}
		if len(r.Reply) > 0 {
			e.Runs = append(e.Runs, ExportedRun{r.ID, r.Message, r.Request, r.Reply, r.Events})
		}
	}
	return e, nil
}

type importInput struct{ Body Export }

// importChat adds a chat under new ids, so that it never meets the one it was
// made from.
func (s *Server) importChat(ctx context.Context, in *importInput) (history.Chat, error) {
	e := &in.Body
	names := map[string]string{"": ""}
	renamed := func(old string) string {
		if names[old] == "" && old != "" {
			names[old] = uuid.Must(uuid.NewV7()).String()
		}
		return names[old]
	}
	here := map[string]bool{}
	runs := make([]history.Run, 0, len(e.Runs))
	for _, r := range e.Runs {
		kept, err := keptRun(&r)
		if err != nil {
			return history.Chat{}, err
		}
		here[r.ID] = true
		kept.ID, kept.Message = renamed(r.ID), renamed(r.Message)
		runs = append(runs, kept)
	}
	for i := range e.Messages {
		m := &e.Messages[i]
		if m.Role != history.User && m.Role != history.Assistant {
			return history.Chat{}, contracts.Errorf(contracts.CodeValidation, m.ID, "role is %q", m.Role)
		}
		if !here[m.Run] {
			m.Run = ""
		}
		m.ID, m.Parent, m.Run = renamed(m.ID), renamed(m.Parent), renamed(m.Run)
	}
	c := e.Chat
	c.Place, c.Agreed = "", "" // whoever exported it may have agreed, not who reads it
	c.ID, c.Leaf, c.Updated = renamed("chat "+c.ID), renamed(c.Leaf), s.o.Now().UnixMilli()
	return c, s.o.History.Import(ctx, c, e.Messages, runs)
}

// keptRun is an exported run as history keeps it, if it is one that can be shown.
func keptRun(r *ExportedRun) (history.Run, error) {
	out := history.Run{}
	for _, f := range []struct {
		to *json.RawMessage
		v  any
	}{{&out.Request, r.Request}, {&out.Reply, r.Reply}, {&out.Events, r.Events}} {
		b, err := json.Marshal(f.v)
		if err != nil {
			return out, err
		}
		*f.to = b
	}
	var rec record
	if err := json.Unmarshal(out.Reply, &rec); err != nil {
		return out, contracts.Errorf(contracts.CodeValidation, r.ID, "is no run: %w", err)
	}
	return out, nil
}

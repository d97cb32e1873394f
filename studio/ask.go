package studio

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
	"github.com/krako-labs/krako/studio/history"
)

// Question is a message and how it is to be answered. The page chooses the ids, so
// that sending twice is sending once.
type Question struct {
	Chat string `json:"chat" format:"uuid"`
	// Message is the id of the user's message: a new one, or one that is there and
	// is to be answered again. Reply is the id of the answer's message, Run of its run.
	Message string `json:"message" format:"uuid"`
	Reply   string `json:"reply" format:"uuid"`
	Run     string `json:"run" format:"uuid"`
	// Parent is the message before, empty at the beginning of a chat.
	Parent      string               `json:"parent"`
	Text        string               `json:"text" maxLength:"1048576"`
	Attachments []history.Attachment `json:"attachments" nullable:"false" maxItems:"20"`
	// Mode says whether a model may be asked.
	Mode        string   `json:"mode" enum:"auto,never,only"`
	Model       string   `json:"model"`
	System      string   `json:"system" maxLength:"32768"`
	Temperature *float64 `json:"temperature,omitempty" minimum:"0" maximum:"2"`
	MaxTokens   int64    `json:"max_tokens,omitempty" minimum:"0" maximum:"32768"`
	// Place is where it is to run: krako for the fabric that the settings name.
	Place string `json:"place,omitempty" enum:",krako"`
	// Agreed is the gateway that the person who asks agreed, just now, to send this
	// chat to. A chat whose owner agreed before needs none.
	Agreed string `json:"agreed,omitempty" maxLength:"512"`
}

type questionInput struct{ Body Question }

// ask keeps a message and starts what answers it.
func (s *Server) ask(ctx context.Context, in *questionInput) (none, error) {
	q := &in.Body
	if strings.TrimSpace(q.Text) == "" {
		return none{}, contracts.Errorf(contracts.CodeValidation, "text", "nothing was asked")
	}
	if err := s.permitted(ctx, q); err != nil {
		return none{}, err
	}
	at, err := s.placeOf(ctx, q.Place)
	if err != nil {
		return none{}, err
	}
	r, err := s.request(ctx, q, at)
	if err != nil {
		return none{}, err
	}
	kept, err := json.Marshal(q)
	if err != nil {
		return none{}, err
	}
	now := s.o.Now().UnixMilli()
	c := history.Chat{ID: q.Chat, Title: title(q.Text), Created: now, Updated: now, Leaf: q.Reply, Place: q.Place, Agreed: q.Agreed}
	fresh, err := s.o.History.Say(ctx, c, &history.Run{ID: q.Run, Message: q.Reply, Request: kept},
		history.Message{ID: q.Message, Chat: q.Chat, Parent: q.Parent, Role: history.User, Text: q.Text, Created: now, Attachments: q.Attachments},
		history.Message{ID: q.Reply, Chat: q.Chat, Parent: q.Message, Role: history.Assistant, Created: now + 1, Run: q.Run, Attachments: []history.Attachment{}})
	if err != nil || !fresh {
		return none{}, err
	}
	err = s.live.start(q.Run, func(ctx context.Context, f *feed) { s.run(ctx, f, r, at) })
	if err != nil {
		// It is written down already, and must not look as if it were under way.
		_ = s.keep(ctx, q.Run, &record{Error: s.told(ctx, err)}, nil)
	}
	return none{}, err
}

// request is what the planner is asked, for a run at a place.
func (s *Server) request(ctx context.Context, q *Question, at *place) (plan.Request, error) {
	modes := map[string]plan.ModelUse{"auto": plan.ModelIfNeeded, "never": plan.ModelNever, "only": plan.ModelOnly}
	r := plan.Request{
		ID: uuid.Must(uuid.Parse(q.Run)).String(), Tenant: at.tenant, Message: q.Text, Now: s.o.Now(), Zone: s.o.Zone, Locale: s.o.Locale, Models: modes[q.Mode],
		Model: contracts.ModelCall{Name: q.Model, System: q.System, Temperature: q.Temperature, MaxTokens: q.MaxTokens},
	}
	if !at.models {
		if r.Models == plan.ModelOnly {
			return r, contracts.Errorf(contracts.CodeUnsupported, "mode", "there is no model to ask")
		}
		r.Models = plan.ModelNever
	}
	var err error
	if r.Model.Messages, err = s.before(ctx, q); err != nil {
		return r, err
	}
	for _, file := range q.Attachments {
		a, err := s.attached(ctx, file)
		if err != nil {
			return r, err
		}
		r.Attachments = append(r.Attachments, a)
	}
	return r, nil
}

// maxBefore bounds the messages before one that a model is shown.
const maxBefore = 40

// before is the branch that ends in the message before a question.
func (s *Server) before(ctx context.Context, q *Question) ([]contracts.Message, error) {
	if q.Parent == "" {
		return nil, nil
	}
	_, all, err := s.o.History.Chat(ctx, q.Chat)
	if err != nil {
		return nil, err
	}
	by := make(map[string]*history.Message, len(all))
	for i := range all {
		by[all[i].ID] = &all[i]
	}
	var said []contracts.Message
	for m := by[q.Parent]; m != nil && len(said) < maxBefore; m = by[m.Parent] {
		if m.Text != "" {
			said = append(said, contracts.Message{Role: string(m.Role), Content: m.Text})
		}
	}
	slices.Reverse(said)
	return said, nil
}

// headBytes is how much of an attachment the planner looks at.
const headBytes = 64 << 10

func (s *Server) attached(ctx context.Context, at history.Attachment) (plan.Attachment, error) {
	id, err := cid.Decode(at.CID)
	if err != nil {
		return plan.Attachment{}, contracts.Errorf(contracts.CodeValidation, at.Name, "has no address")
	}
	data, err := s.o.Engine.Blocks.GetBlock(ctx, id)
	if err != nil {
		return plan.Attachment{}, err
	}
	return plan.Attachment{Name: at.Name, MediaType: at.MediaType, CID: id, Bytes: int64(len(data)), Head: data[:min(len(data), headBytes)]}, nil
}

// titleLength is how much of its first message a chat is called by, in characters.
const titleLength = 60

func title(text string) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) <= titleLength {
		return string(r)
	}
	return strings.TrimSpace(string(r[:titleLength-1])) + "…"
}

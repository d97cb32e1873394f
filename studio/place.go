package studio

import (
	"context"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/krakobackend"
	"github.com/krako-labs/krako/kora/plan"
)

// krako is the place of questions that run on a fabric.
const krako = "krako"

// place is where a question runs.
type place struct {
	engine  *kora.Engine
	gateway string // empty for this computer
	tenant  contracts.TenantID
	models  bool // whether a model can be asked there
	client  *client.Client
}

// placeOf returns the place of that name. To look there sends nothing of the user's.
func (s *Server) placeOf(ctx context.Context, name string) (*place, error) {
	if name != krako {
		ready := slices.ContainsFunc(s.models(ctx), func(m Model) bool { return m.Ready })
		return &place{engine: s.o.Engine, models: ready}, nil
	}
	a, c, look, err := s.far.reach()
	if err != nil {
		return nil, err
	}
	caps, err := look.Capabilities(ctx)
	if err != nil {
		return nil, err
	}
	tenant, err := s.far.whose(ctx)
	if err != nil {
		return nil, err
	}
	models := slices.Contains(caps.TaskTypes, contracts.LLM)
	// Every question was agreed to when it was accepted: see permitted.
	b := krakobackend.New(c, a.URL, s.o.Version, krakobackend.Agreed)
	e := &kora.Engine{Backend: carrier{b, s.o.Engine.Blocks}, Blocks: s.o.Engine.Blocks, Models: models, Catalogue: s.o.Engine.Catalogue, ModelPlans: s.o.Engine.ModelPlans, Now: s.o.Now}
	return &place{e, a.URL, tenant, models, c}, nil
}

// permitted is nil unless a question is to leave this machine and nobody agreed to
// that: for this question, or for its chat before.
func (s *Server) permitted(ctx context.Context, q *Question) error {
	if q.Place != krako {
		return nil
	}
	gateway := s.far.gateway()
	if gateway == "" {
		_, _, _, err := s.far.reach()
		return err
	}
	if q.Agreed == gateway {
		return nil
	}
	c, _, err := s.o.History.Chat(ctx, q.Chat)
	if err == nil && c.Agreed == gateway {
		return nil
	}
	if err != nil && contracts.CodeOf(err) != contracts.CodeNotFound {
		return err
	}
	return contracts.Errorf(contracts.CodePrivacyViolation, gateway, "nobody agreed to send this chat to %s", gateway)
}

// carrier is a fabric that is sent the blocks that a graph names before the graph.
type carrier struct {
	*krakobackend.Backend
	from contracts.BlockStore
}

// Execute implements contracts.ExecutionBackend.
func (c carrier) Execute(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event)) (*contracts.ExecutionResult, error) {
	return c.ExecuteAloud(ctx, g, ec, observe, nil)
}

// ExecuteAloud implements kora.Speaker.
func (c carrier) ExecuteAloud(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event), say func(contracts.Tokens)) (*contracts.ExecutionResult, error) {
	if err := carry(ctx, g, c.from, c.Backend); err != nil {
		return nil, err
	}
	return c.Backend.ExecuteAloud(ctx, g, ec, observe, say)
}

// carry stores the blocks that a graph mounts and that are in from. Others the fabric
// has, or refuses the graph.
func carry(ctx context.Context, g *contracts.TaskGraph, from, to contracts.BlockStore) error {
	sent := map[cid.Cid]bool{}
	for i := range g.WorkUnits {
		for _, l := range g.WorkUnits[i].Blobs {
			if sent[l.Cid] {
				continue
			}
			sent[l.Cid] = true
			data, err := from.GetBlock(ctx, l.Cid)
			if contracts.CodeOf(err) == contracts.CodeNotFound {
				continue
			}
			if err == nil {
				_, err = to.PutBlock(ctx, l.Cid.Prefix().Codec, data)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Quoted is what a question comes to, before it is run.
type Quoted struct {
	Kind   string `json:"kind"`
	Units  int    `json:"units"`
	Models int    `json:"models"`
	// Gateway is where it would be sent. Nothing was sent there unless Agreed.
	Gateway string `json:"gateway"`
	Agreed  bool   `json:"agreed"`
	// Priced says that the fabric charges, and what follows means something: the most
	// that it costs, and what may be spent.
	Priced     bool   `json:"priced"`
	Currency   string `json:"currency"`
	Most       string `json:"most"`
	Available  string `json:"available"`
	Affordable bool   `json:"affordable"`
}

// quote plans a question for a fabric and, if that was agreed to, asks what it costs
// at most.
func (s *Server) quote(ctx context.Context, in *questionInput) (Quoted, error) {
	q := &in.Body
	at, err := s.placeOf(ctx, q.Place)
	if err != nil {
		return Quoted{}, err
	}
	r, err := s.request(ctx, q, at)
	if err != nil {
		return Quoted{}, err
	}
	_, p := at.engine.Plan(r)
	v := Quoted{Kind: string(p.Kind), Gateway: at.gateway, Affordable: true}
	if p.Graph == nil || at.client == nil {
		v.Agreed = true // nothing will be sent
		v.count(&p)
		return v, nil
	}
	v.count(&p)
	if err := s.permitted(ctx, q); err != nil {
		if contracts.CodeOf(err) == contracts.CodePrivacyViolation {
			return v, nil
		}
		return v, err
	}
	v.Agreed = true
	most, err := at.client.Quote(ctx, p.Graph)
	if err != nil {
		return v, err
	}
	v.Priced, v.Currency, v.Most, v.Available, v.Affordable = most.Prices != "", most.Currency, most.Most, most.Available, most.Affordable
	return v, nil
}

func (v *Quoted) count(p *plan.Plan) {
	if p.Graph == nil {
		return
	}
	v.Units = len(p.Graph.WorkUnits)
	for i := range p.Graph.WorkUnits {
		if p.Graph.WorkUnits[i].Type == contracts.LLM {
			v.Models++
		}
	}
}

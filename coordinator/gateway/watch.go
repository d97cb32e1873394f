package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

const watchDescription = "Server-sent events for an operator's console. A frame named `view` is a FabricView: the first thing said, and said again " +
	"when something in it has changed, at most once a second. A frame named `ledger` is a list of LedgerEntry, newest last: the last of the ledger first, then what is added. " +
	"A frame without a name is an Event of any session, or beside them, from when the stream was opened on; only an operator's key gets these. " +
	"What the key may not see is left out. Nothing is repeated after a cut: a new stream begins with a whole view."

// Bounds of what a console is told.
const (
	maxWatchers   = 32
	watchEvery    = time.Second
	watchNodes    = 500 // nodes whose conduct is told
	watchSessions = 100
	watchLedger   = 50 // transactions before the stream was opened
	ledgerPage    = 200
)

// FabricView is the state of a fabric as a console shows it.
type FabricView struct {
	At     contracts.Time          `json:"at"`
	Health contracts.BackendStatus `json:"health"`
	// Capacity is what GET /v1/capacity answers.
	Capacity contracts.CapacityView `json:"capacity"`
	Nodes    []contracts.NodeView   `json:"nodes" nullable:"false"`
	// Trust is what is known of the first of them, without its history.
	Trust    []contracts.NodeTrust      `json:"trust" nullable:"false"`
	Sessions []contracts.SessionSummary `json:"sessions" nullable:"false"`
	Wallets  []contracts.WalletView     `json:"wallets" nullable:"false"`
	// Operator says whether the key may decide about nodes.
	Operator bool `json:"operator"`
}

// watchRoutes adds what a console follows.
func (g *gateway) watchRoutes(a api) {
	a.ref(reflect.TypeFor[FabricView]())
	route(g, a, huma.Operation{
		OperationID: "watch", Method: http.MethodGet, Path: "/v1/watch", Tags: []string{"fabric"},
		Summary: "Follow the state of the fabric", Description: watchDescription,
		Responses: map[string]*huma.Response{"200": {Description: "The stream", Content: content(streamSchema(), "text/event-stream")}},
	}, needs(contracts.ScopeNodes), g.watch)
}

func (g *gateway) watch(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	leave, err := g.enter()
	if err != nil {
		return nil, err
	}
	if g.watchers.Add(1) > maxWatchers {
		g.watchers.Add(-1)
		leave()
		return nil, contracts.Errorf(contracts.CodeRateLimited, "watch", "%d consoles are open already", maxWatchers)
	}
	who := callerOf(ctx)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer leave()
		defer g.watchers.Add(-1)
		x := exchangeOf(hc)
		ctx, cancel := untilDrain(x.r.Context())
		defer cancel()
		s := &stream{w: x.w, control: http.NewResponseController(x.w), keepAlive: g.cfg.KeepAlive}
		err := g.tell(ctx, s, who)
		if err == nil || s.err != nil || ctx.Err() != nil {
			return
		}
		if p := g.problem(ctx, "watch", forbidden(who, err)); !s.open {
			p.write(x.w)
		}
	}}, nil
}

// tell writes views, transactions and events until the client is gone.
func (g *gateway) tell(ctx context.Context, s *stream, who access.Caller) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first, err := g.look(ctx, who)
	if err != nil {
		return err
	}
	frames := make(chan []byte, streamQueue)
	pumped := make(chan struct{})
	go func() {
		defer close(pumped)
		defer cancel() // the client is gone
		s.pump(frames)
	}()
	w := &watcher{g: g, who: who, frames: frames}
	followed := make(chan error, 1)
	go func() {
		err := w.events(ctx)
		if err != nil {
			cancel() // who follows begins anew
		}
		followed <- err
	}()
	err = w.run(ctx, first)
	cancel()
	err = errors.Join(err, <-followed)
	close(frames)
	<-pumped
	return err
}

// watcher tells one client.
type watcher struct {
	g      *gateway
	who    access.Caller
	frames chan<- []byte
	last   string // the view that was told last, without its time
	after  int64  // of the ledger
	money  bool   // whether there is a ledger, and it may be seen
}

func (w *watcher) run(ctx context.Context, v *FabricView) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for begun := false; ; begun = true {
		if err := w.view(ctx, v); err != nil {
			return err
		}
		if !begun {
			w.begin(ctx)
		}
		if err := w.ledger(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var err error
		if v, err = w.g.look(ctx, w.who); err != nil {
			return err
		}
	}
}

// view tells a view unless it is the one that was told last.
func (w *watcher) view(ctx context.Context, v *FabricView) error {
	at := v.At
	v.At = contracts.Time{}
	same, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode view: %w", err)
	}
	if v.At = at; string(same) == w.last {
		return nil
	}
	w.last = string(same)
	return w.frame(ctx, "view", v)
}

func (w *watcher) frame(ctx context.Context, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return w.send(ctx, fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, data))
}

func (w *watcher) send(ctx context.Context, frame []byte) error {
	select {
	case w.frames <- frame:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// events tells every event of the fabric, if the caller is an operator.
func (w *watcher) events(ctx context.Context) error {
	if !operates(w.who) {
		return nil
	}
	err := w.g.fabric.Follow(ctx, w.who, func(e contracts.Event) error {
		data, err := json.Marshal(&e)
		if err != nil {
			return fmt.Errorf("encode event %s: %w", e.ID, err)
		}
		return w.send(ctx, fmt.Appendf(nil, "id: %s\ndata: %s\n\n", e.ID, data))
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// begin finds where the last transactions of the ledger are: numbers only rise, so
// that a few looks of one transaction find the end, however long the ledger is.
func (w *watcher) begin(ctx context.Context) {
	beyond := func(after int64) (bool, error) {
		p, err := w.g.fabric.Ledger(ctx, w.who, "", "", after, 1)
		return len(p.Entries) > 0, err
	}
	var low, high int64 = 0, 1
	for {
		more, err := beyond(high)
		if err != nil {
			return // there is none, or it is not this caller's
		}
		if !more {
			break
		}
		low, high = high, high*2
	}
	for low < high {
		mid := low + (high-low)/2
		more, err := beyond(mid)
		if err != nil {
			return
		}
		if more {
			low = mid + 1
		} else {
			high = mid
		}
	}
	w.after, w.money = max(0, low-watchLedger), true
}

// ledger tells what was added to the ledger.
func (w *watcher) ledger(ctx context.Context) error {
	for w.money {
		p, err := w.g.fabric.Ledger(ctx, w.who, "", "", w.after, ledgerPage)
		if err != nil {
			return err
		}
		if len(p.Entries) == 0 {
			return nil
		}
		if err := w.frame(ctx, "ledger", p.Entries); err != nil {
			return err
		}
		if w.after = p.Last; p.Next == 0 {
			return nil
		}
	}
	return nil
}

func operates(who access.Caller) bool {
	return who.May(contracts.ScopeAdmin) && who.Sees(contracts.EveryTenant)
}

// look is the state of the fabric, as far as the caller may see it.
func (g *gateway) look(ctx context.Context, who access.Caller) (*FabricView, error) {
	v := &FabricView{At: contracts.Time{Time: time.Now().UTC()}, Operator: operates(who), Trust: []contracts.NodeTrust{}}
	var err error
	if v.Health, err = g.fabric.Health(ctx); err != nil {
		return nil, err
	}
	if v.Capacity, err = g.fabric.Capacity(ctx); err != nil {
		return nil, err
	}
	nodes, err := g.fabric.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	v.Nodes = notNil(nodes.Nodes)
	for _, n := range v.Nodes[:min(len(v.Nodes), watchNodes)] {
		t, err := g.fabric.Trust(ctx, n.NodeID)
		if contracts.CodeOf(err) == contracts.CodeNotFound {
			continue // removed in between
		}
		if err != nil {
			return nil, err
		}
		t.History = []contracts.TrustChange{}
		v.Trust = append(v.Trust, t)
	}
	return v, g.lookAtWork(ctx, who, v)
}

func (g *gateway) lookAtWork(ctx context.Context, who access.Caller, v *FabricView) error {
	v.Sessions, v.Wallets = []contracts.SessionSummary{}, []contracts.WalletView{}
	if !who.May(contracts.ScopeRead) {
		return nil
	}
	list, err := g.fabric.Sessions(ctx, who.Tenant, "", watchSessions)
	if err != nil {
		return err
	}
	wallets, err := g.fabric.Wallets(ctx, who)
	if err != nil {
		return err
	}
	v.Sessions, v.Wallets = notNil(list.Sessions), notNil(wallets.Wallets)
	return nil
}

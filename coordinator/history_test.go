package coordinator_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/krako-labs/krako/contracts"
)

// call is what a client asked about one request, answer what it heard.
type call struct {
	what    string // submit, status or cancel
	request int
}

type heard struct {
	id       contracts.SessionID
	existing bool
	state    contracts.SessionState
}

// sessionState is what the model knows of one request.
type sessionState struct {
	id    contracts.SessionID
	state contracts.SessionState // "" before it is submitted
	asked bool                   // to be cancelled
}

// sessions is a service in which each call happens at once, at some moment between
// being made and being answered: the first submission of a request makes its
// session and all others find that one, a session runs until it ends, for which it
// needs no call, and one that has ended stays as it is. That it is cancelled needs
// a call, and of those that no node can run no call but that ends them.
var sessions = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[int][]porcupine.Operation{}
		for _, o := range history {
			r := o.Input.(call).request
			parts[r] = append(parts[r], o)
		}
		var list [][]porcupine.Operation
		for _, p := range parts {
			list = append(list, p)
		}
		return list
	},
	Init: func() any { return sessionState{} },
	Step: func(state, input, output any) (bool, any) {
		s, in, out := state.(sessionState), input.(call), output.(heard)
		switch in.what {
		case "submit":
			if s.state == "" {
				return !out.existing && out.id != "", sessionState{id: out.id, state: contracts.SessionRunning}
			}
			return out.existing && out.id == s.id, s
		case "cancel":
			s.asked = s.asked || s.state == contracts.SessionRunning
			return s.id == out.id, s
		}
		ended := out.state != contracts.SessionRunning
		ok := s.id == out.id && (s.state == out.state || s.state == contracts.SessionRunning && ended)
		if out.state == contracts.SessionCancelled {
			ok = ok && s.asked
		} else if ended && in.request >= runnable {
			ok = false
		}
		s.state = out.state
		return ok, s
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v → %+v", in, out) },
}

// runnable are the requests, the first ones, that a node can run.
const runnable = 4

// Clients that submit, ask about and cancel the same requests at the same time see
// what one client after the other could have seen.
func TestHistoriesAreLinearizable(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	go w.work()
	const requests, clients, calls = 6, 5, 30
	graphs := make([]*contracts.TaskGraph, requests)
	for i := range graphs {
		graphs[i] = graph(unit("a", fmt.Sprintf(`{"n":%d}`, i)), unit("b", `{}`, "a"), unit("c", `{}`, "b"))
		if i >= runnable {
			graphs[i].WorkUnits[0].Constraints = &contracts.Constraints{TrustedNodeRequired: true}
		}
	}
	var (
		mu      sync.Mutex
		known   = map[int]contracts.SessionID{}
		history []porcupine.Operation
		all     sync.WaitGroup
		began   = time.Now()
	)
	for client := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(client), 7))
			for range calls {
				in := call{[]string{"submit", "status", "status", "cancel"}[random.IntN(4)], random.IntN(requests)}
				mu.Lock()
				id := known[in.request]
				mu.Unlock()
				if id == "" {
					in.what = "submit"
				}
				at := time.Since(began)
				out, err := f.ask(t.Context(), in, graphs[in.request], id)
				op := porcupine.Operation{ClientId: client, Input: in, Call: int64(at), Output: out, Return: int64(time.Since(began))}
				if err != nil {
					t.Errorf("%+v: %v", in, err)
					return
				}
				mu.Lock()
				known[in.request] = out.id
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if res := porcupine.CheckOperationsTimeout(sessions, history, 2*time.Minute); res != porcupine.Ok {
		for _, o := range history {
			t.Logf("%d %d–%d %s", o.ClientId, o.Call, o.Return, sessions.DescribeOperation(o.Input, o.Output))
		}
		t.Fatalf("history of %d calls is %s", len(history), res)
	}
	for i := runnable; i < requests; i++ {
		id, err := f.ask(t.Context(), call{"submit", i}, graphs[i], "")
		if err == nil {
			_, err = f.ask(t.Context(), call{"cancel", i}, nil, id.id)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r := f.end(id.id); r.Metadata.State != contracts.SessionCancelled {
			t.Errorf("request %d was cancelled and is %s", i, r.Metadata.State)
		}
	}
	if res := porcupine.CheckOperations(sessions, forged(history)); res {
		t.Error("a history in which a session ends twice passes: the check sees nothing")
	}
}

// forged is a history that no service could have.
func forged(history []porcupine.Operation) []porcupine.Operation {
	last := history[len(history)-1]
	in := call{"submit", last.Input.(call).request}
	end := last.Return + 1
	for _, o := range history {
		end = max(end, o.Return+1)
	}
	return append(history, porcupine.Operation{Input: in, Call: end, Output: heard{id: "another"}, Return: end + 1})
}

// ask makes a call. Graphs once submitted are the coordinator's, so that Submit of
// the harness hands in a copy.
func (f *fabric) ask(ctx context.Context, in call, g *contracts.TaskGraph, id contracts.SessionID) (heard, error) {
	switch in.what {
	case "submit":
		res, err := f.Submit(ctx, g, contracts.SubmissionMetadata{})
		return heard{id: res.SessionID, existing: res.Existing}, err
	case "cancel":
		return heard{id: id}, f.Cancel(ctx, id)
	}
	v, err := f.Session(ctx, id)
	return heard{id: v.SessionID, state: v.State}, err
}

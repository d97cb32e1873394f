package local

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/reasoner"
)

// trouble is a server of models that minds no limit: it says more than it may, or
// nothing until its caller goes. It counts what it is asked.
type trouble struct {
	slow bool

	mu    sync.Mutex
	asked int64
	idle  sync.Cond
	open  int // requests that are being answered
}

func (s *trouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/props":
		io.WriteString(w, `{"build_info":"b1-test","total_slots":4}`)
		return
	case "/v1/models":
		io.WriteString(w, `{"data":[{"id":"tiny","meta":{"n_params":7000000000,"n_ctx":4096,"size":9}}]}`)
		return
	case "/v1/chat/completions":
	default:
		http.NotFound(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // the server notices that its caller goes once all is read
	s.mu.Lock()
	s.asked++
	s.open++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open--; s.open == 0 {
			s.idle.Broadcast()
		}
	}()
	flush := w.(http.Flusher)
	for n := 0; n < 500; n++ {
		if _, err := io.WriteString(w, `data: {"choices":[{"delta":{"content":"word "},"finish_reason":null}]}`+"\n\n"); err != nil {
			return
		}
		flush.Flush()
		if s.slow {
			<-r.Context().Done()
			return
		}
	}
	io.WriteString(w, `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}`+"\n\n"+`data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":500}}`+"\n\ndata: [DONE]\n\n")
}

// calls waits until nothing is being answered and returns how often was asked.
func (s *trouble) calls() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.open > 0 {
		s.idle.Wait()
	}
	return s.asked
}

// drawn is a graph of calls with drawn budgets.
func drawn(rt *rapid.T, slow bool) *contracts.TaskGraph {
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "budget/1", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: "local",
		CreatedAt: contracts.Time{Time: time.Unix(1, 0)},
	}
	for i := range rapid.IntRange(1, 4).Draw(rt, "units") {
		u := contracts.WorkUnit{ID: contracts.UnitID(fmt.Sprintf("u%d", i)), Type: contracts.LLM, Model: &contracts.ModelCall{
			Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: "say much", FreeText: true, MaxTokens: rapid.SampledFrom([]int64{60, 8, 2, 1}).Draw(rt, "max_tokens"),
		}}
		u.Retries = &contracts.Retries{MaxAttempts: rapid.IntRange(1, 3).Draw(rt, "attempts"), BackoffMS: 1}
		if slow {
			u.Timeouts = &contracts.Timeouts{RunMS: new(rapid.Int64Range(1, 15).Draw(rt, "run_ms"))}
		}
		if rapid.Bool().Draw(rt, "schema") {
			u.Model.FreeText, u.OutputSchema = false, contracts.JSON(`{"type":"object","required":["never"]}`)
		}
		if i > 0 && rapid.Bool().Draw(rt, "after") {
			u.Dependencies = []contracts.UnitID{g.WorkUnits[i-1].ID}
		}
		g.WorkUnits = append(g.WorkUnits, u)
		g.Outputs.Final = append(g.Outputs.Final, contracts.FinalOutput{WorkUnitID: u.ID})
	}
	g.Policies = &contracts.Policies{FailurePolicy: contracts.ContinueOnError}
	if slow && rapid.Bool().Draw(rt, "fail_fast") {
		g.Policies.FailurePolicy = contracts.FailFast
	}
	g.Budgets.MaxLLMCalls, g.Budgets.MaxTokens = new(rapid.SampledFrom([]int64{100, 6, 3, 2, 1, 0}).Draw(rt, "calls")), new(rapid.SampledFrom([]int64{1_000_000, 20_000, 5_000, 2_000, 500, 0}).Draw(rt, "tokens"))
	if slow && rapid.Bool().Draw(rt, "deadline") {
		g.Budgets.MaxLatencyMS = new(rapid.Int64Range(1, 30).Draw(rt, "latency_ms"))
	}
	return g
}

// holdBudgets runs drawn graphs: no budget of calls, tokens, attempts or time is
// exceeded, and telemetry tells of every call that was made. served is what the server
// knows of, nil for one that does not tell: a call that was given up on its way never
// comes there.
func holdBudgets(t *testing.T, models *reasoner.Reasoner, slow bool, served func() int64) {
	l, err := Open(t.Context(), Options{Models: models, CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context())
	graphs, made := 0, int64(0)
	rapid.Check(t, func(rt *rapid.T) {
		g := drawn(rt, slow)
		before := models.Asked()
		r, err := l.Backend.Execute(t.Context(), g, contracts.ExecutionContext{}, nil)
		if err != nil {
			rt.Fatal(err)
		}
		asked := models.Asked() - before
		graphs, made = graphs+1, made+asked
		told := r.Telemetry
		if told.ModelInvocationCount != asked || asked > *g.Budgets.MaxLLMCalls || told.TotalTokens > *g.Budgets.MaxTokens {
			rt.Fatalf("%d calls were made, telemetry tells of %d calls and %d tokens; budget %d calls, %d tokens", asked, told.ModelInvocationCount, told.TotalTokens, *g.Budgets.MaxLLMCalls, *g.Budgets.MaxTokens)
		}
		var sum int64
		for i := range told.Tasks {
			u, task := &g.WorkUnits[i], &told.Tasks[i]
			sum += task.TokensIn + task.TokensOut
			// A run may ask twice, once to put an answer right.
			if most := 2 * u.Model.MaxTokens * int64(len(task.Executors)); len(task.Executors) > u.Retries.MaxAttempts || task.TokensOut > most {
				rt.Fatalf("unit %s ran %d times of %d and generated %d tokens of %d", u.ID, len(task.Executors), u.Retries.MaxAttempts, task.TokensOut, most)
			}
			if slow && task.Status == contracts.UnitSuccess {
				rt.Fatalf("unit %s succeeded: nothing had been said", u.ID)
			}
		}
		if sum != told.TotalTokens {
			rt.Fatalf("tasks have %d tokens, the session %d", sum, told.TotalTokens)
		}
	})
	if served != nil {
		// Nothing gives up a call to the verbose server before it has said something.
		if n := served(); n > made || n < made && !slow {
			t.Errorf("%d calls were made, %d came to the server", made, n)
		}
	}
	t.Logf("%d graphs, %d calls", graphs, made)
	if made == 0 {
		t.Error("nothing was ever asked")
	}
}

func fakeModels(t *testing.T, s *trouble) *reasoner.Reasoner {
	t.Helper()
	s.idle.L = &s.mu
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	models, err := reasoner.New([]reasoner.Endpoint{{Kind: reasoner.LlamaCPP, URL: web.URL}}, reasoner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return models
}

func TestBudgetsHoldBeforeAVerboseServer(t *testing.T) {
	s := &trouble{}
	holdBudgets(t, fakeModels(t, s), false, s.calls)
}

func TestBudgetsHoldBeforeASlowServer(t *testing.T) {
	s := &trouble{slow: true}
	holdBudgets(t, fakeModels(t, s), true, s.calls)
}

func TestBudgetsHoldBeforeARealServer(t *testing.T) {
	if testing.Short() {
		t.Skip("a real server generates thousands of tokens")
	}
	models := real(t, llamatest.Config(t, llamatest.Nonsense(t)))
	holdBudgets(t, models, false, nil)
}

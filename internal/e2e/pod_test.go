package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/examples"
	"github.com/krako-labs/krako/internal/cluster"
	"github.com/krako-labs/krako/internal/llama/llamatest"
)

// nonsense writes the built-in model, or skips the test where there is no
// llama-server to serve it.
func nonsense(t *testing.T) string {
	t.Helper()
	if out, err := exec.Command("../../scripts/llama-server", "--find").CombinedOutput(); err != nil {
		if os.Getenv("KRAKO_REQUIRE_LLAMA") != "" {
			t.Fatalf("the real server is required: %v\n%s", err, out)
		}
		t.Skip("no real llama-server to test against; scripts/llama-server installs it")
	}
	model := filepath.Join(t.TempDir(), "nonsense.gguf")
	if out, err := exec.Command(filepath.Join(bin, "krako-pod"), "model", "--out", model).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return model
}

// startPods runs a coordinator, n nodes and pods pods on the built-in model, each
// on a real llama-server.
func startPods(t *testing.T, n, pods int, coord ...string) *fabric {
	t.Helper()
	model := nonsense(t)
	flags := []string{"--slots", "2", "--context", "8192", "--threads", "1"}
	f := startWith(t, cluster.Options{Coord: append([]string{"--heartbeat=1s", "--lease=4s"}, coord...), Nodes: n, Model: model, Pod: flags})
	for range pods - 1 {
		if err := f.local.AddPod(flags...); err != nil {
			t.Fatal(err)
		}
	}
	f.awaitPods(pods)
	return f
}

// awaitPods returns when n pods are connected.
func (f *fabric) awaitPods(n int) {
	f.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		h, err := f.Health(f.ctx)
		if err == nil && h.Capacity.Pods >= n {
			return
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("%d pods did not connect (last: %+v, %v)", n, h, err)
		}
	}
}

// asking is a graph of llm units, the last of which answers.
func asking(units ...contracts.WorkUnit) *contracts.TaskGraph {
	r := request()
	return &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "e2e", GraphID: r.GraphID, RequestID: r.RequestID, TenantID: r.Tenant, CreatedAt: r.CreatedAt,
		WorkUnits: units, Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: units[len(units)-1].ID}}},
	}
}

func question(id contracts.UnitID, tokens int64) contracts.WorkUnit {
	return contracts.WorkUnit{ID: id, Type: contracts.LLM, Model: &contracts.ModelCall{
		Operation: contracts.Generate, Tier: contracts.TierSmall, MaxTokens: tokens, Prompt: "Tell me a story.", FreeText: true,
	}}
}

// hear collects the frames named tokens of a session until ctx ends or the stream
// does; on is called with all text so far.
func (f *fabric) hear(ctx context.Context, id contracts.SessionID, on func(string)) string {
	f.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.local.API()+"/v1/sessions/"+string(id)+"/events", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.key())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	text, tokens := "", false
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			tokens = name == "tokens"
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || !tokens {
			continue
		}
		tokens = false
		var p contracts.Tokens
		if err := json.Unmarshal([]byte(data), &p); err != nil {
			f.t.Fatal(err)
		}
		if p.Restart {
			text = ""
		}
		text += p.Text
		if on != nil {
			on(text)
		}
	}
	return text
}

func TestPodAnswersThroughTheFabric(t *testing.T) {
	f := startPods(t, 1, 1, unhurried)
	judge := question("judge", 400)
	judge.Dependencies, judge.Bind = []contracts.UnitID{"ask"}, []contracts.Bind{{From: "ask", To: "/story"}}
	judge.Model.FreeText = false
	judge.OutputSchema = contracts.JSON(`{"type":"object","properties":{"good":{"type":"boolean"}},"required":["good"],"additionalProperties":false}`)
	g := asking(question("ask", 40), judge)
	g.Policies = &contracts.Policies{LoggingMode: contracts.LogMinimal}
	id := f.submit(g)
	var order []contracts.EventType
	for _, e := range f.watch(id, nil) {
		if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), "Tell me a story") {
			t.Errorf("%s tells the prompt (%v)", e.Type, err)
		}
		if e.Subject == "judge" {
			order = append(order, e.Type)
		}
	}
	want := []contracts.EventType{
		contracts.EventUnitQueued, contracts.EventUnitReady, contracts.EventUnitScheduled, contracts.EventUnitStarted,
		contracts.EventLLMStarted, contracts.EventLLMCompleted, contracts.EventUnitValidated, contracts.EventUnitCompleted,
	}
	if len(order) != len(want) {
		t.Fatalf("events %v, want %v", order, want)
	}
	for i := range want {
		if order[i] != want[i] {
			t.Errorf("event %d is %s, want %s", i, order[i], want[i])
		}
	}
	r := f.result(id)
	if s := string(r.FinalOutput); s != `{"good":true}` && s != `{"good":false}` {
		t.Errorf("answer %s", s)
	}
	tel := r.Telemetry
	if tel.ModelInvocationCount < 2 || tel.TotalTokens == 0 || tel.Tasks[0].TokensOut != 40 || tel.Tasks[0].TokensIn < 20 {
		t.Errorf("telemetry %+v", tel)
	}
	f.krako("verify", string(id))
	if out := f.krako("verify", string(id), "--unit", "ask"); !strings.Contains(out, "/replay/") {
		t.Errorf("the receipt names no class:\n%s", out)
	}
	if out := f.krako("verify", string(id), "--again"); strings.Count(out, "same") != 2 {
		t.Errorf("asked again, the models answer:\n%s", out)
	}
	if out := f.krako("pods"); !strings.Contains(out, "nonsense") {
		t.Errorf("krako pods:\n%s", out)
	}
	for _, p := range []*cluster.Process{f.local.Pods[0], f.local.Coordinator} {
		logs, err := os.ReadFile(p.Log())
		if err != nil || len(logs) == 0 || strings.Contains(string(logs), "Tell me a story") {
			t.Errorf("%s logs prompts, or nothing at all (%v)", p.Name, err)
		}
	}
}

// TestCoordinatorServesAModelItself: its own pod is of the trusted zone and takes
// what must not leave it.
func TestCoordinatorServesAModelItself(t *testing.T) {
	f := startWith(t, cluster.Options{Coord: []string{"--pod-model", nonsense(t), "--pod-name", "own", "--pod-slots", "2"}})
	f.awaitPods(1)
	u := question("ask", 12)
	u.Model.Name, u.Constraints = "own", &contracts.Constraints{Privacy: contracts.LocalOnly}
	r := f.result(f.submit(asking(u)))
	if tel := r.Telemetry.Tasks[0]; tel.TokensOut != 12 || len(r.FinalOutput) < 4 {
		t.Errorf("answer %s, %+v", r.FinalOutput, tel)
	}
}

// TestCoordinatorAttachesToAServer that somebody else runs, with a key: units are
// answered by it, under a class that nothing is compared with, and it runs on when
// the coordinator is gone.
func TestCoordinatorAttachesToAServer(t *testing.T) {
	sc := llamatest.Config(t, nonsense(t))
	sc.Loopback = true
	_, st := llamatest.Start(t, sc)
	end := st.Endpoint
	f := startWith(t, cluster.Options{Coord: []string{"--pod-attach", end.URL, "--pod-attach-key", end.Key, "--pod-name", "theirs", "--pod-slots", "2"}})
	f.awaitPods(1)
	u := question("ask", 12)
	u.Model.Name = "theirs"
	r := f.result(f.submit(asking(u)))
	if tel := r.Telemetry.Tasks[0]; tel.TokensOut != 12 || len(r.FinalOutput) < 4 {
		t.Errorf("answer %s, %+v", r.FinalOutput, tel)
	}
	if out := f.krako("pods"); !strings.Contains(out, "attached/theirs") {
		t.Errorf("krako pods:\n%s", out)
	}
	f.local.Stop()
	if err := st.Client.Health(t.Context()); err != nil {
		t.Errorf("the server is gone with the coordinator: %v", err)
	}
}

// TestOnePodServesTwoModelsThatDoNotFitTogether: each unit is answered by the
// model that it names, loaded when it is asked for.
func TestOnePodServesTwoModelsThatDoNotFitTogether(t *testing.T) {
	dir := filepath.Dir(nonsense(t))
	files := map[string]string{}
	for _, name := range []string{"one", "two"} {
		files[name] = filepath.Join(dir, name+".gguf")
		if out, err := exec.Command(filepath.Join(bin, "krako-pod"), "model", "--out", files[name], "--answer", "I am "+name).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	f := startWith(t, cluster.Options{
		Model: files["one"], Pod: []string{"--model", files["two"], "--loaded", "1", "--unload-after", "1s", "--slots", "2", "--threads", "1"},
	})
	f.awaitPods(1)
	var ids []contracts.SessionID
	for i := range 6 {
		u := question("ask", 24)
		u.Model.Name = []string{"one", "two"}[i%2]
		ids = append(ids, f.submit(asking(u)))
	}
	for i, id := range ids {
		if r, want := f.result(id), `"I am `+[]string{"one", "two"}[i%2]+`"`; string(r.FinalOutput) != want {
			t.Errorf("answer %d is %s, want %s", i, r.FinalOutput, want)
		}
	}
}

// TestPodsAreGivenWhatIsTheirs: two idle pods on real servers and no node. Neither is
// given a CPU unit, and the one outside the trusted zone no call that must not leave
// it: they end with the code that is documented for it.
func TestPodsAreGivenWhatIsTheirs(t *testing.T) {
	flags := []string{"--slots", "1", "--context", "512", "--threads", "1"}
	f := startWith(t, cluster.Options{Model: nonsense(t), Pod: flags})
	if err := f.local.AddPod(append(flags, "--tag", "stranger")...); err != nil {
		t.Fatal(err)
	}
	f.awaitPods(2)
	cpu, err := examples.Unit("ask", "bench/noop@1", map[string]int{"n": 1})
	if err != nil {
		t.Fatal(err)
	}
	secret, open := question("ask", 8), question("ask", 8)
	secret.Constraints = &contracts.Constraints{Privacy: contracts.LocalOnly}
	for _, u := range []*contracts.WorkUnit{&secret, &open} {
		u.ExecutionHint = &contracts.ExecutionHint{NodeTags: []string{"stranger"}}
	}
	soon := int64(1000)
	for want, u := range map[contracts.Code]contracts.WorkUnit{contracts.CodeRegionUnavailable: cpu, contracts.CodeModelUnavailable: secret} {
		u.Timeouts = &contracts.Timeouts{DispatchMS: &soon}
		r, err := f.Wait(f.ctx, f.submit(asking(u)))
		if err != nil {
			t.Fatal(err)
		}
		if tel := r.Telemetry.Tasks[0]; tel.Error == nil || tel.Error.Code != want || len(tel.Executors) != 0 {
			t.Errorf("%s was given to %v and ended with %v, want %s", tel.TaskType, tel.Executors, tel.Error, want)
		}
	}
	// The same pod takes what need not stay in the zone.
	if tel := f.result(f.submit(asking(open))).Telemetry.Tasks[0]; tel.TokensOut != 8 || len(tel.Executors) != 1 {
		t.Errorf("answered by %v: %+v", tel.Executors, tel)
	}
}

// TestModelBudgetsAreKept: a session that may ask once does not ask twice, and one
// whose tokens cannot suffice does not ask at all.
func TestModelBudgetsAreKept(t *testing.T) {
	f := startPods(t, 0, 1)
	second := question("second", 5)
	second.Dependencies = []contracts.UnitID{"first"}
	once := asking(question("first", 5), second)
	calls, tokens := int64(1), int64(100)
	once.Budgets.MaxLLMCalls = &calls
	few := asking(question("first", 50))
	few.Budgets.MaxTokens = &tokens
	for _, g := range []*contracts.TaskGraph{once, few} {
		r, err := f.Wait(f.ctx, f.submit(g))
		if err != nil || r.Metadata.StopReason != contracts.StopBudgetExhausted {
			t.Fatalf("stopped with %+v, %v", r, err)
		}
		if r.Telemetry.ModelInvocationCount > calls || r.Telemetry.TotalTokens > 100 {
			t.Errorf("took %d calls and %d tokens", r.Telemetry.ModelInvocationCount, r.Telemetry.TotalTokens)
		}
	}
}

// TestKilledPodsAnswerGoesOn kills the pod in the middle of an answer. The other
// goes on from what was heard, and the listener's text is what an uninterrupted
// run gives, byte for byte.
func TestKilledPodsAnswerGoesOn(t *testing.T) {
	f := startPods(t, 0, 2)
	const tokens = 6000
	whole := f.result(f.submit(asking(question("ask", tokens))))
	var id contracts.SessionID
	var text string
	var r *contracts.ExecutionResult
	for r == nil || len(r.Telemetry.Tasks[0].Executors) < 2 { // until it was not over before the pod was killed
		f.awaitPods(2)
		id = f.submit(asking(question("ask", tokens)))
		text = f.hearKilling(id)
		r = f.result(id)
	}
	if string(r.FinalOutput) != string(whole.FinalOutput) {
		t.Error("the answer differs from that of an uninterrupted run")
	}
	var answer string
	if err := json.Unmarshal(r.FinalOutput, &answer); err != nil {
		t.Fatal(err)
	}
	if text != answer {
		t.Errorf("the listener heard %d bytes that are not the answer's %d", len(text), len(answer))
	}
	was, is := whole.Telemetry.Tasks[0], r.Telemetry.Tasks[0]
	if is.TokensOut != was.TokensOut || is.TokensIn != was.TokensIn {
		t.Errorf("counted %d and %d tokens, uninterrupted %d and %d", is.TokensIn, is.TokensOut, was.TokensIn, was.TokensOut)
	}
	if out := f.krako("verify", string(id), "--unit", "ask"); !strings.Contains(out, `"resumed"`) {
		t.Errorf("the receipt does not say that the answer was resumed:\n%s", out)
	}
}

// hearKilling hears an answer and kills the pod that gives it, once.
func (f *fabric) hearKilling(id contracts.SessionID) string {
	f.t.Helper()
	killed := false
	return f.hear(f.ctx, id, func(text string) {
		if killed || len(text) < 200 {
			return
		}
		killed = true
		view, err := f.Session(f.ctx, id)
		if err != nil {
			f.t.Error(err)
			return
		}
		at := view.WorkUnits[0].Node
		for _, p := range f.local.Pods {
			if b, err := os.ReadFile(p.Log()); err == nil && strings.Contains(string(b), string(at)) {
				if err := p.Kill(); err != nil {
					f.t.Error(err)
				}
			}
		}
	})
}

// TestAnswersAreScored has the trusted pod judge what a stranger's of another class
// has said, on real servers, and krako trust show it.
func TestAnswersAreScored(t *testing.T) {
	flags := []string{"--slots", "1", "--context", "512", "--threads", "1"}
	f := startWith(t, cluster.Options{Coord: []string{"--score-answers=1"}, Model: nonsense(t), Pod: flags})
	if err := f.local.AddPod(append(flags, "--profile", "fast", "--tag", "stranger")...); err != nil {
		t.Fatal(err)
	}
	f.awaitPods(2)
	u, greedy := question("ask", 24), 0.0
	u.Model.Temperature, u.ExecutionHint = &greedy, &contracts.ExecutionHint{NodeTags: []string{"stranger"}}
	// Of some answers not all tokens are named, and nobody can score those.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := range 200 {
		u.Model.Prompt = strings.Repeat("again ", n%40) + "tell me a story"
		r := f.result(f.submit(asking(u)))
		if len(r.Telemetry.Tasks[0].Executors) != 1 {
			t.Fatalf("executors %v", r.Telemetry.Tasks[0].Executors)
		}
		stranger := r.Telemetry.Tasks[0].Executors[0]
		trust, err := f.Trust(f.ctx, stranger)
		if err != nil {
			t.Fatal(err)
		}
		if m := trust.ModelChecks; m != nil {
			if m.Plausible == 0 || m.Implausible+m.Different > 0 || trust.Convictions > 0 {
				t.Errorf("checks %+v", m)
			}
			if out := f.krako("trust", string(stranger)); !strings.Contains(out, "scored plausible, 0 not") {
				t.Errorf("krako trust:\n%s", out)
			}
			return
		}
		<-tick.C
	}
	t.Fatal("no answer was scored")
}

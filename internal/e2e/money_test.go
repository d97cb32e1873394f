package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cluster"
)

const pricePlan = `{"version": "e2e-1", "currency": "USD", "cpu": {"per_gfuel": "0.01", "minimum": "0.000001"},
	"llm": {"small": {"in_per_million": "100", "out_per_million": "300"}}, "operator_share": "0.9", "cached_share": "0"}`

// A burst of model calls, where there is no pod: they come, answer, are paid for,
// and go. What it cost can be computed again from exported events, by two processes
// alike, and is what the coordinator's own ledger says.
func TestPodsComeAndGoAndAreBilled(t *testing.T) {
	model, dir := nonsense(t), t.TempDir()
	plan := filepath.Join(dir, "plan.json")
	if err := os.WriteFile(plan, []byte(pricePlan), 0o600); err != nil {
		t.Fatal(err)
	}
	pod := fmt.Sprintf("%s --data-dir %s/pod-{n} --model %s --coordinator {coordinator} --slots 2 --context 4096 --threads 1", filepath.Join(bin, "krako-pod"), dir, model)
	f := startWith(t, cluster.Options{Coord: []string{
		"--heartbeat=1s", "--lease=4s", "--pricing", plan, "--scale-max=2", "--scale-pod", pod,
		"--scale-window=15s", "--scale-down-every=1s", "--scale-up-every=1s", "--metrics=127.0.0.1:0",
	}})
	v := f.capacityIs(func(v contracts.CapacityView) bool { return v.Scaling })
	if v.Pods != 0 || v.Desired != 0 || v.Max != 2 {
		t.Fatalf("before anything is to do: %+v", v)
	}
	g := asking(question("a", 40), question("b", 40), question("c", 40), question("d", 40), question("e", 40), question("f", 40))
	if _, err := f.Submit(f.ctx, g, contracts.SubmissionMetadata{SubmittedAt: contracts.Time{Time: time.Now()}, KoraVersion: "e2e"}); contracts.CodeOf(err) != contracts.CodeBudgetExceeded {
		t.Fatalf("a tenant without credit was let in: %v", err)
	}
	if _, err := f.Grant(f.ctx, g.TenantID, contracts.CreditGrant{GrantID: "1", Amount: "1000"}); err != nil {
		t.Fatal(err)
	}
	q, err := f.Quote(f.ctx, g)
	if err != nil || !q.Affordable {
		t.Fatalf("quote is %+v (%v)", q, err)
	}
	res, err := f.Submit(f.ctx, g, contracts.SubmissionMetadata{SubmittedAt: contracts.Time{Time: time.Now()}, KoraVersion: "e2e"})
	if err != nil {
		t.Fatal(err)
	}
	f.capacityIs(func(v contracts.CapacityView) bool { return v.Desired == 2 && v.Pods > 0 })
	f.scalesElsewhere(2)
	r, err := f.Wait(f.ctx, res.SessionID)
	if err != nil || r.Metadata.State != contracts.SessionCompleted || r.Telemetry.CostUSD == "" {
		t.Fatalf("session ended with %+v (%v)", r, err)
	}
	f.capacityIs(func(v contracts.CapacityView) bool { return v.Desired == 0 && v.Pods == 0 && v.Applied == 0 })
	f.scalesElsewhere(0)

	w, err := f.Wallet(f.ctx, g.TenantID)
	if err != nil || w.Spent != r.Telemetry.CostUSD || w.Promised != "0.000000" {
		t.Errorf("wallet is %+v (%v), the session cost %s", w, err, r.Telemetry.CostUSD)
	}
	f.ledgerReplays(t, dir)
}

// capacityIs returns when what there is to see of pods is as wanted.
func (f *fabric) capacityIs(ok func(contracts.CapacityView) bool) contracts.CapacityView {
	f.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		v, err := f.Capacity(f.ctx)
		if err == nil && ok(v) {
			return v
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("capacity stays %+v (%v)", v, err)
		}
	}
}

// scalesElsewhere checks that whoever scales by the queries that docs/money.md gives
// to KEDA and to an HPA comes to the coordinator's own decision.
func (f *fabric) scalesElsewhere(want int) {
	f.t.Helper()
	doc, err := os.ReadFile("../../docs/money.md")
	if err != nil {
		f.t.Fatal(err)
	}
	text := f.fetch("http://" + f.statusAddr(f.local.Coordinator) + "/metrics")
	keda := regexp.MustCompile(`(?m)^ *query: sum\((krako_[a-z_0-9]+)\)\n *threshold: "([0-9]+)"$`).FindAllStringSubmatch(string(doc), -1)
	hpa := regexp.MustCompile(`(?m)^ *name: (krako_[a-z_0-9]+)\n *target:\n *type: AverageValue\n *averageValue: "([0-9]+)"$`).FindAllStringSubmatch(string(doc), -1)
	if len(keda) != 1 || len(hpa) != 1 {
		f.t.Fatalf("the documentation has the queries %q and %q, not one of each", keda, hpa)
	}
	for _, q := range append(keda, hpa...) {
		sum, found := 0.0, false
		for _, m := range regexp.MustCompile(`(?m)^`+q[1]+`(?:\{[^}]*\})? ([0-9.e+]+)$`).FindAllStringSubmatch(text, -1) {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				f.t.Fatal(err)
			}
			sum, found = sum+v, true
		}
		threshold, err := strconv.ParseFloat(q[2], 64)
		if err != nil || !found {
			f.t.Fatalf("there is no metric %s (%v)", q[1], err)
		}
		if got := int(math.Ceil(sum / threshold)); got != want {
			f.t.Errorf("%s at %s a pod comes to %d pods, the coordinator wants %d", q[1], q[2], got, want)
		}
	}
	for _, name := range regexp.MustCompile("`(krako_[a-z_0-9]+)`").FindAllStringSubmatch(string(doc), -1) {
		if !strings.Contains(text, "\n"+name[1]) {
			f.t.Errorf("the documentation names %s, which is not served", name[1])
		}
	}
}

// ledgerReplays compares the coordinator's ledger with what two processes compute
// from exported events.
func (f *fabric) ledgerReplays(t *testing.T, dir string) {
	t.Helper()
	var events bytes.Buffer
	enc, kinds := json.NewEncoder(&events), map[contracts.EventType]int{}
	if err := f.Export(f.ctx, func(e contracts.Event) error { kinds[e.Type]++; return enc.Encode(e) }); err != nil {
		t.Fatal(err)
	}
	for _, k := range []contracts.EventType{
		contracts.EventPricesChanged, contracts.EventCreditsGranted, contracts.EventCreditsReserved, contracts.EventLLMCompleted,
		contracts.EventScaleRequested, contracts.EventScaleApplied, contracts.EventQueueDepth, contracts.EventPodReady,
		contracts.EventUsageRecorded, contracts.EventCreditsDebited,
	} {
		if kinds[k] == 0 {
			t.Errorf("no event of type %s was exported", k)
		}
	}
	file := filepath.Join(dir, "events.jsonl")
	if err := os.WriteFile(file, events.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	replay := func() []byte {
		out, err := exec.Command(filepath.Join(bin, "krako"), "ledger", "--from-events", file).Output()
		if err != nil {
			t.Fatalf("krako ledger: %v", err)
		}
		return out
	}
	first := replay()
	if !bytes.Equal(first, replay()) {
		t.Error("two processes compute two ledgers")
	}
	page, err := f.Ledger(f.ctx, client.Of{}, 0, 1000)
	if err != nil || len(page.Entries) != bytes.Count(first, []byte("\n")) || len(page.Entries) < 13 {
		t.Errorf("the coordinator's ledger has %d transactions (%v), exported events give\n%s", len(page.Entries), err, first)
	}
	for _, e := range page.Entries {
		if !bytes.Contains(first, []byte(`"id":"`+e.ID+`"`)) {
			t.Errorf("exported events do not give %+v", e)
		}
	}
}

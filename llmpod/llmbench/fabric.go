package llmbench

import (
	"context"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cluster"
)

// fabric is a coordinator with pods, as processes of their own.
type fabric struct {
	*cluster.Cluster
	api *client.Client
}

// startFabric starts one with a pod for each list of flags and no CPU nodes.
func (b *bench) startFabric(ctx context.Context, name, model string, pods ...[]string) (*fabric, error) {
	o := cluster.Options{
		Dir: filepath.Join(b.dir, name), Bin: b.Bin, TrustedID: b.TrustedID, Model: model, Pod: pods[0], Coord: []string{"--log-level=warn"},
	}
	start, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	c, err := cluster.Start(start, o)
	if err != nil {
		return nil, err
	}
	f := &fabric{Cluster: c}
	if f.api, err = c.Client(); err == nil {
		for _, flags := range pods[1:] {
			if err = c.AddPod(flags...); err != nil {
				break
			}
		}
	}
	if err == nil {
		err = f.await(start, len(pods))
	}
	if err != nil {
		c.Stop()
		return nil, err
	}
	return f, nil
}

// await returns when n pods are connected and the first of them answers.
func (f *fabric) await(ctx context.Context, n int) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		h, err := f.api.Health(ctx)
		if err != nil {
			return err
		}
		if h.Capacity.Pods >= n {
			_, err := f.ask(ctx, "are you there?", 1)
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return contracts.Errorf(contracts.CodeNetwork, "", "%d of %d pods are connected: %w", h.Capacity.Pods, n, context.Cause(ctx))
		}
	}
}

// ask runs a graph of one unit and listens.
func (f *fabric) ask(ctx context.Context, prompt string, tokens int) (t timing, err error) {
	unit := question("ask", prompt, tokens)
	began := time.Now()
	s, err := f.submit(ctx, unit)
	if err != nil {
		return t, err
	}
	err = f.api.Listen(ctx, s, func(contracts.Event) error { return nil }, func(p contracts.Tokens) {
		if p.Text != "" {
			t.piece(time.Since(began), p.Text)
		}
	})
	if err != nil {
		return t, err
	}
	r, err := f.result(ctx, s)
	if err != nil {
		return t, err
	}
	t.tokens = int(r.Telemetry.Tasks[0].TokensOut)
	return t, nil
}

// rest has nothing to do: a pod empties its slots itself.
func (f *fabric) rest(context.Context) error { return nil }

func (f *fabric) submit(ctx context.Context, units ...contracts.WorkUnit) (contracts.SessionID, error) {
	now := contracts.Time{Time: time.Now()}
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "bench", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: "bench",
		CreatedAt: now, WorkUnits: units, Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: units[len(units)-1].ID}}},
	}
	res, err := f.api.Submit(ctx, g, contracts.SubmissionMetadata{SubmittedAt: now, KoraVersion: "krako-bench"})
	return res.SessionID, err
}

// result waits for a session that must have completed.
func (f *fabric) result(ctx context.Context, id contracts.SessionID) (*contracts.ExecutionResult, error) {
	r, err := f.api.Wait(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, t := range r.Telemetry.Tasks {
		if t.Status != contracts.UnitSuccess {
			return nil, contracts.Errorf(contracts.CodeInternal, string(t.TaskID), "unit is %s: %v", t.Status, t.Error)
		}
	}
	return r, nil
}

func question(id contracts.UnitID, prompt string, tokens int) contracts.WorkUnit {
	greedy := 0.0
	return contracts.WorkUnit{ID: id, Type: contracts.LLM, Model: &contracts.ModelCall{
		Operation: contracts.Generate, Tier: contracts.TierSmall, MaxTokens: int64(tokens), Temperature: &greedy, Prompt: prompt, FreeText: true,
	}}
}

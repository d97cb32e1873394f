package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
)

// Verdicts on an answer that was made again.
const (
	same         = "same"
	differs      = "differs"
	incomparable = "not comparable"
)

// asked is one answer of a model, made again.
type asked struct {
	Unit    contracts.UnitID `json:"work_unit_id"`
	Pod     contracts.NodeID `json:"pod"`
	Class   string           `json:"class"`
	Again   contracts.NodeID `json:"pod_again,omitempty"`
	Verdict string           `json:"verdict"`
	Why     string           `json:"why,omitempty"`
}

// askAgain has the models of a session asked once more and compares the answers
// byte for byte, where the class of both promises that they are the same. Nothing
// is said where it does not.
func (a *app) askAgain(ctx context.Context, c *client.Client, id contracts.SessionID, only contracts.UnitID) error {
	view, err := c.Session(ctx, id)
	if err != nil {
		return err
	}
	var list []asked
	for _, u := range view.WorkUnits {
		if u.Type != contracts.LLM || u.ResultCID == "" || only != "" && u.ID != only {
			continue
		}
		one, err := onceMore(ctx, c, view, u.ID)
		if err != nil {
			return fmt.Errorf("ask unit %s again: %w", u.ID, err)
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return contracts.Errorf(contracts.CodeNotFound, string(id), "session has no answer of a model")
	}
	if err := a.printAsked(list); err != nil {
		return err
	}
	for _, one := range list {
		if one.Verdict == differs {
			return contracts.Errorf(contracts.CodeBadOutput, string(one.Unit), "the same question got another answer within class %s", one.Class)
		}
	}
	return nil
}

func (a *app) printAsked(list []asked) error {
	if a.json {
		return a.printJSON(list)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "UNIT\tPOD\tPOD AGAIN\tCLASS\tVERDICT")
	for _, o := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", o.Unit, short(o.Pod), short(o.Again), o.Class, strings.TrimSuffix(o.Verdict+": "+o.Why, ": "))
	}
	return w.Flush()
}

// onceMore asks one unit's model once more, in a session of its own.
func onceMore(ctx context.Context, c *client.Client, view contracts.SessionView, unit contracts.UnitID) (asked, error) {
	was, err := answerOf(ctx, c, view.SessionID, unit)
	if err != nil {
		return asked{}, err
	}
	o := asked{Unit: unit, Pod: was.Node, Class: was.Model.Class, Verdict: incomparable}
	if o.Why = notPromised(was); o.Why != "" {
		return o, nil
	}
	now := contracts.Time{Time: time.Now()}
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "again", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: view.TenantID,
		CreatedAt: now, WorkUnits: []contracts.WorkUnit{unitOf(was.ModelInvocation, was.Model.Model)}, Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: "again"}}},
	}
	res, err := c.Submit(ctx, g, contracts.SubmissionMetadata{SubmittedAt: now, KoraVersion: "krako-verify"})
	if err != nil {
		return o, err
	}
	r, err := c.Wait(ctx, res.SessionID)
	if err != nil {
		return o, err
	}
	if len(r.Telemetry.Tasks) != 1 || r.Telemetry.Tasks[0].ResultCID == "" {
		o.Why = "it got no answer again"
		return o, nil
	}
	is, err := answerOf(ctx, c, res.SessionID, "again")
	if err != nil {
		return o, err
	}
	o.Again = is.Node
	o.Verdict, o.Why = compare(was, is)
	return o, nil
}

// answerOf returns what a pod signed of a unit, checked.
func answerOf(ctx context.Context, c *client.Client, id contracts.SessionID, unit contracts.UnitID) (*contracts.Verified, error) {
	r, err := c.Receipt(ctx, id, unit)
	if err != nil {
		return nil, err
	}
	v, err := r.Verify()
	if err == nil && (v.Model == nil || v.ModelInvocation == nil) {
		err = contracts.Errorf(contracts.CodeValidation, string(unit), "receipt is of no model's answer")
	}
	return v, err
}

// notPromised says why an answer's class does not promise that the same question
// gets it again, "" if it does: only the replay profile of a server that the pod
// started does, and only for answers that no loss interrupted.
func notPromised(r *contracts.Verified) string {
	parts := strings.Split(r.Model.Class, "/")
	switch {
	case len(parts) != 4 || parts[2] != "replay":
		return "its class does not promise the same bytes"
	case r.Model.Resumed > 0:
		return "two pods made it"
	}
	return ""
}

// compare compares two answers to one question.
func compare(was, is *contracts.Verified) (verdict, why string) {
	switch {
	case was.Model.Class != is.Model.Class:
		return incomparable, "a pod of another class answered: " + is.Model.Class
	case was.Result.Outcome != is.Result.Outcome || (was.Result.Output == nil) != (is.Result.Output == nil) ||
		was.Result.Output != nil && !was.Result.Output.Equals(is.Result.Output.Cid):
		return differs, ""
	}
	return same, ""
}

// unitOf asks what an invocation asked, of the model that answered.
func unitOf(v *contracts.ModelInvocation, model string) contracts.WorkUnit {
	u := contracts.WorkUnit{ID: "again", Type: contracts.LLM, OutputSchema: v.Schema, Model: &contracts.ModelCall{
		Operation: v.Operation, Tier: v.Tier, Name: model, MaxTokens: v.MaxTokens, Temperature: &v.Temperature, TopP: &v.TopP, Seed: &v.Seed,
		Stop: v.Stop, Messages: v.Messages, Prompt: v.Prompt, System: v.System, Evidence: v.Evidence, FreeText: len(v.Schema) == 0,
	}}
	if len(v.Salt) > 0 {
		u.Constraints = &contracts.Constraints{Privacy: contracts.LocalOnly}
	}
	return u
}

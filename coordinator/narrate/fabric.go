package narrate

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/capacity"
	"github.com/krako-labs/krako/coordinator/credit"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
)

// fabric tells what is of no session.
func (t *Teller) fabric(at eventlog.Offset, r *session.Record) error {
	switch {
	case r.Capacity != nil:
		return t.scaled(at, r) // folded even silently
	case t.Silent:
		return nil
	case r.Mode != nil:
		return t.say(at, 0, r, contracts.EventAdmissionChanged, "", contracts.AdmissionChanged{
			Of: "graphs", Mode: r.Mode.Admission, Reason: fmt.Sprintf("units are at %.2f of the most", r.Mode.Pressure),
		})
	case r.Node != nil:
		return t.say(at, 0, r, nodeEvent(r.Node), "", r.Node.Info)
	case r.Rechecked != nil:
		return t.say(at, 0, r, contracts.EventTrustEvidence, "", rechecked(r.Rechecked))
	case r.Standing != nil:
		if err := t.stood(at, r); err != nil {
			return err
		}
		return t.trust(at, r, r.Standing)
	case r.Marked != nil:
		m := r.Marked
		return t.say(at, 0, r, contracts.EventTrustEvidence, "", contracts.TrustEvidence{
			Kind: contracts.EvidenceNondeterminism, Module: &m.Module, UnitCID: m.Unit.String(), Check: checkName(m.Check), Reason: "it gives different results on two engines",
		})
	case r.Credit != nil:
		f, err := credit.DecodeFact(r.Credit)
		if err != nil {
			return err
		}
		return t.money(at, r, &f)
	}
	return nil
}

// rechecked tells what came of a check of a model's answer.
func rechecked(k *session.Rechecked) contracts.TrustEvidence {
	e := contracts.TrustEvidence{
		Node: k.Node, Kind: contracts.EvidenceReplay, Verdict: k.Verdict, By: k.By, Trusted: k.Trusted,
		SessionID: k.Session, UnitID: k.Unit, UnitCID: k.Call.String(), ResultCID: k.Result.String(), Class: k.Class, Reason: k.Note,
	}
	if k.Kind == session.Scored {
		e.Kind = contracts.EvidenceScore
	}
	if k.Other.Defined() {
		e.OtherCID = k.Other.String()
	}
	return e
}

func (t *Teller) money(at eventlog.Offset, r *session.Record, f *credit.Fact) error {
	switch {
	case f.Prices != nil:
		return t.say(at, 0, r, contracts.EventPricesChanged, "", contracts.PricesChanged{Version: f.Prices.Version, Plan: contracts.JSON(f.Prices.Plan)})
	case f.Grant != nil:
		g := f.Grant
		return t.say(at, 0, r, contracts.EventCreditsGranted, g.Tenant, contracts.CreditsMoved{
			Amount: billing.Amount(g.Amount).String(), Reason: g.Reason, Overdraft: g.Overdraft,
		})
	case f.Suspended != nil:
		s := f.Suspended
		return t.say(at, 0, r, contracts.EventAccountSuspended, s.Tenant, contracts.AccountSuspended{Suspended: s.On, Reason: s.Reason})
	}
	return nil
}

func (t *Teller) say(at eventlog.Offset, n int, r *session.Record, kind contracts.EventType, tenant contracts.TenantID, data any) error {
	if t.Silent {
		return nil
	}
	doc, err := json.Marshal(data)
	if err != nil {
		return err
	}
	t.tell(t.event(at, n, r, kind, tenant, doc))
	return nil
}

// scaled tells what was seen of model calls, what follows from it and what was done.
func (t *Teller) scaled(at eventlog.Offset, r *session.Record) error {
	f, err := capacity.DecodeFact(r.Capacity)
	if err != nil {
		return err
	}
	if t.capacity == nil && (!t.Late || f.Policy != nil) {
		t.capacity = &capacity.Core{}
	}
	var list []capacity.Decision
	if t.capacity != nil {
		list, err = t.capacity.Apply(f)
	}
	if err != nil {
		return err
	}
	n := 0
	say := func(kind contracts.EventType, data any) {
		if err == nil {
			err = t.say(at, n, r, kind, "", data)
		}
		n++
	}
	if s := f.Sample; s != nil {
		say(contracts.EventQueueDepth, contracts.QueueDepth{Queued: s.Queued, Running: s.Running, WaitP95MS: s.WaitMS, Pods: s.Pods, Slots: s.Slots})
	}
	if a := f.Applied; a != nil {
		say(contracts.EventScaleApplied, contracts.ScaleApplied{Wanted: a.Wanted, Running: a.Running, Error: a.Error})
	}
	for _, d := range list {
		switch {
		case d.Scale != nil:
			say(contracts.EventScaleRequested, contracts.ScaleRequested{From: d.Scale.From, To: d.Scale.To, Concurrency: d.Scale.Concurrency, Reason: d.Scale.Reason})
		case d.Mode != nil:
			say(contracts.EventAdmissionChanged, contracts.AdmissionChanged{Of: "model_calls", Mode: string(d.Mode.Mode), Reason: d.Mode.Reason})
		case d.Congestion != nil:
			say(contracts.EventCongestionChanged, contracts.CongestionChanged{Congestion: d.Congestion.On})
		}
	}
	return err
}

// stood tells what became of a node.
func (t *Teller) stood(at eventlog.Offset, r *session.Record) error {
	s := r.Standing
	var kind contracts.EventType
	switch s.Standing {
	case docket.Approved:
		kind = contracts.EventNodeApproved
	case docket.Rotated:
		kind = contracts.EventNodeKeyRotated
	case docket.Removed, verify.Banned.String():
		kind = contracts.EventNodeRemoved
	case verify.Suspended.String():
		kind = contracts.EventNodeSuspended
	case verify.Probation.String():
		if kind = contracts.EventNodeQuarantined; s.By != "" { // it was readmitted
			kind = contracts.EventNodeApproved
		}
	default:
		return nil
	}
	return t.say(at, 0, r, kind, "", contracts.NodeInfo{
		Node: s.Node, Kind: cmp.Or(s.Kind, "node"), Operator: s.Operator, Reason: s.Reason, Replaces: s.Was,
	})
}

func nodeEvent(r *session.Node) contracts.EventType {
	n, pod := &r.Info, r.Info.Kind == "pod"
	switch {
	case pod && r.Degraded:
		return contracts.EventPodDegraded
	case pod && n.Reason != "":
		return contracts.EventPodUnavailable
	case pod:
		return contracts.EventPodReady
	case n.Reason != "":
		return contracts.EventNodeUnavailable
	}
	return contracts.EventNodeRegistered
}

package narrate

import (
	"encoding/json"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/credit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
)

// fabric tells what is of no session.
func (t *Teller) fabric(at eventlog.Offset, r *session.Record) error {
	switch {
	case t.Silent:
		return nil
	case r.Node != nil:
		return t.say(at, r, nodeEvent(&r.Node.Info), "", r.Node.Info)
	case r.Credit != nil:
		f, err := credit.DecodeFact(r.Credit)
		if err != nil {
			return err
		}
		return t.money(at, r, &f)
	}
	return nil
}

func (t *Teller) money(at eventlog.Offset, r *session.Record, f *credit.Fact) error {
	switch {
	case f.Prices != nil:
		return t.say(at, r, contracts.EventPricesChanged, "", contracts.PricesChanged{Version: f.Prices.Version, Plan: contracts.JSON(f.Prices.Plan)})
	case f.Grant != nil:
		g := f.Grant
		return t.say(at, r, contracts.EventCreditsGranted, g.Tenant, contracts.CreditsMoved{
			Amount: billing.Amount(g.Amount).String(), Reason: g.Reason, Overdraft: g.Overdraft,
		})
	case f.Suspended != nil:
		s := f.Suspended
		return t.say(at, r, contracts.EventAccountSuspended, s.Tenant, contracts.AccountSuspended{Suspended: s.On, Reason: s.Reason})
	}
	return nil
}

func (t *Teller) say(at eventlog.Offset, r *session.Record, kind contracts.EventType, tenant contracts.TenantID, data any) error {
	doc, err := json.Marshal(data)
	if err != nil {
		return err
	}
	t.tell(t.event(at, r, kind, tenant, doc))
	return nil
}

func nodeEvent(n *contracts.NodeInfo) contracts.EventType {
	pod := n.Kind == "pod"
	switch {
	case pod && n.Reason != "":
		return contracts.EventPodUnavailable
	case pod:
		return contracts.EventPodReady
	case n.Reason != "":
		return contracts.EventNodeUnavailable
	}
	return contracts.EventNodeRegistered
}

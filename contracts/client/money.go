package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Quote says what a graph costs at most.
func (c *Client) Quote(ctx context.Context, g *contracts.TaskGraph) (contracts.Quote, error) {
	var q contracts.Quote
	err := c.send(ctx, http.MethodPost, "/v1/quotes", contracts.QuoteRequest{TaskGraph: *g}, &q)
	return q, err
}

// Capacity says how many pods there are and should be, and how much is let in.
func (c *Client) Capacity(ctx context.Context) (contracts.CapacityView, error) {
	return get[contracts.CapacityView](ctx, c, "/v1/capacity", nil)
}

// Prices returns the price plan in force, NOT_FOUND if there is none.
func (c *Client) Prices(ctx context.Context) (contracts.JSON, error) {
	return get[contracts.JSON](ctx, c, "/v1/prices", nil)
}

// SetPrices puts a price plan into force. It needs an operator's key.
func (c *Client) SetPrices(ctx context.Context, plan contracts.JSON) error {
	return c.send(ctx, http.MethodPut, "/v1/prices", plan, nil)
}

// Wallet returns a tenant's wallet, that of the key's tenant for "".
func (c *Client) Wallet(ctx context.Context, t contracts.TenantID) (contracts.WalletView, error) {
	q := url.Values{}
	if t != "" {
		q.Set("tenant", string(t))
	}
	return get[contracts.WalletView](ctx, c, "/v1/wallet", q)
}

// Wallets lists the wallets that the key may see.
func (c *Client) Wallets(ctx context.Context) (contracts.WalletList, error) {
	return get[contracts.WalletList](ctx, c, "/v1/wallets", nil)
}

// Grant gives a tenant credit, once for each grant id. It needs an operator's key.
func (c *Client) Grant(ctx context.Context, t contracts.TenantID, r contracts.CreditGrant) (contracts.WalletView, error) {
	var w contracts.WalletView
	err := c.send(ctx, http.MethodPost, "/v1/wallets/"+segment(string(t))+"/grants", r, &w)
	return w, err
}

// Suspend closes a tenant's account to new graphs, or opens it again.
func (c *Client) Suspend(ctx context.Context, t contracts.TenantID, r contracts.AccountSuspended) error {
	return c.send(ctx, http.MethodPut, "/v1/wallets/"+segment(string(t))+"/suspension", r, nil)
}

// Of names an account: a tenant's wallet or an operator's earnings, the key's own
// tenant where both are "".
type Of struct {
	Tenant   contracts.TenantID
	Operator string
}

func (o Of) query() url.Values {
	q := url.Values{}
	if o.Tenant != "" {
		q.Set("tenant", string(o.Tenant))
	}
	if o.Operator != "" {
		q.Set("operator", o.Operator)
	}
	return q
}

// Ledger returns a page of transactions behind the given one, 0 for the first page.
func (c *Client) Ledger(ctx context.Context, of Of, after int64, limit int) (contracts.LedgerPage, error) {
	q := of.query()
	q.Set("after", strconv.FormatInt(after, 10))
	q.Set("limit", strconv.Itoa(limit))
	return get[contracts.LedgerPage](ctx, c, "/v1/ledger", q)
}

// Statement sums up an account over [from, to); a zero time has no bound.
func (c *Client) Statement(ctx context.Context, of Of, from, to time.Time) (contracts.Statement, error) {
	q := of.query()
	if !from.IsZero() {
		q.Set("from", from.UTC().Format(time.RFC3339))
	}
	if !to.IsZero() {
		q.Set("to", to.UTC().Format(time.RFC3339))
	}
	return get[contracts.Statement](ctx, c, "/v1/statement", q)
}

// PutAside lists the events that accounting could not take in.
func (c *Client) PutAside(ctx context.Context) (contracts.PutAsideList, error) {
	return get[contracts.PutAsideList](ctx, c, "/v1/ledger/put-aside", nil)
}

// Export calls fn with every event of the log as it is now, oldest first. It needs
// an operator's key. A stream that breaks off is an error: it cannot be taken up.
func (c *Client) Export(ctx context.Context, fn func(contracts.Event) error) error {
	resp, err := c.open(ctx, call{
		method: http.MethodGet, path: "/v1/events", header: http.Header{"Accept": {"text/event-stream"}},
		accept: []int{http.StatusOK, http.StatusNoContent},
	})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNoContent {
		return nil
	}
	for frames := newFrames(resp.Body); ; {
		f, err := frames.next()
		if err != nil {
			return c.broken(ctx, err)
		}
		switch f.name {
		case "end":
			return nil
		case "":
			var e contracts.Event
			if err := c.decode(f.data, &e); err != nil {
				return err
			}
			if err := fn(e); err != nil {
				return err
			}
		}
	}
}

// send makes a call with a JSON body and decodes the answer, if there is to be one.
func (c *Client) send(ctx context.Context, method, path string, v, into any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return contracts.Errorf(contracts.CodeValidation, path, "encode: %w", err)
	}
	got, err := c.do(ctx, call{
		method: method, path: path, body: body, accept: []int{http.StatusOK, http.StatusNoContent},
		header: http.Header{"Content-Type": {"application/json"}},
	})
	if err != nil || into == nil {
		return err
	}
	return c.decode(got.body, into)
}

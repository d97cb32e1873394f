package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Submit submits g. The same tenant_id, request_id and graph always get the
// same session.
func (c *Client) Submit(ctx context.Context, g *contracts.TaskGraph, m contracts.SubmissionMetadata) (contracts.SubmitResponse, error) {
	body, err := json.Marshal(contracts.SubmitRequest{TaskGraph: *g, Metadata: m})
	if err != nil {
		return contracts.SubmitResponse{}, contracts.Errorf(contracts.CodeValidation, g.GraphID, "encode graph: %w", err)
	}
	got, err := c.do(ctx, call{
		method: http.MethodPost, path: "/v1/sessions", body: body, accept: []int{http.StatusAccepted},
		header: http.Header{"Content-Type": {"application/json"}},
	})
	if err != nil {
		return contracts.SubmitResponse{}, err
	}
	var out contracts.SubmitResponse
	err = c.decode(got.body, &out)
	return out, err
}

// Cancel returns when the wish is durable. It is idempotent; a session that has
// ended stays as it is.
func (c *Client) Cancel(ctx context.Context, id contracts.SessionID) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: sessionPath(id) + "/cancel", accept: []int{http.StatusNoContent}})
	return err
}

// Session returns a session with the state of each unit.
func (c *Client) Session(ctx context.Context, id contracts.SessionID) (contracts.SessionView, error) {
	return get[contracts.SessionView](ctx, c, sessionPath(id), nil)
}

// Sessions returns at most limit (1 to 500) sessions, newest first, beginning
// where cursor says: "" for the first page, else the Next of the page before.
func (c *Client) Sessions(ctx context.Context, cursor string, limit int) (contracts.SessionList, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return get[contracts.SessionList](ctx, c, "/v1/sessions", q)
}

// Result returns the result of a session, waiting for it at most wait, which
// is up to 60 s; ok is false when there is none yet.
func (c *Client) Result(ctx context.Context, id contracts.SessionID, wait time.Duration) (res *contracts.ExecutionResult, ok bool, err error) {
	got, err := c.do(ctx, call{
		method: http.MethodGet, path: sessionPath(id) + "/result", query: url.Values{"wait": {wait.String()}},
		accept: []int{http.StatusOK, http.StatusAccepted},
	})
	if err != nil || got.status == http.StatusAccepted {
		return nil, false, err
	}
	res = new(contracts.ExecutionResult)
	if err := res.ReadJSON(got.body); err != nil {
		return nil, false, contracts.Errorf(contracts.CodeUnsupported, c.base, "decode answer: %w", err)
	}
	return res, true, nil
}

// Wait returns the result of a session when it is final.
func (c *Client) Wait(ctx context.Context, id contracts.SessionID) (*contracts.ExecutionResult, error) {
	for early := 0; ; {
		asked := time.Now()
		res, ok, err := c.Result(ctx, id, longPoll)
		if err != nil || ok {
			return res, err
		}
		c = c.known()
		if time.Since(asked) > longPoll/2 {
			early = 0
			continue
		}
		// A gateway that does not wait as long as it was asked to is stopping.
		early++
		if err := c.pause(ctx, early, nil); err != nil {
			return nil, c.broken(ctx, err)
		}
	}
}

// Receipt returns what proves the result of one unit offline.
func (c *Client) Receipt(ctx context.Context, id contracts.SessionID, unit contracts.UnitID) (contracts.Receipt, error) {
	return get[contracts.Receipt](ctx, c, sessionPath(id)+"/units/"+segment(string(unit))+"/receipt", nil)
}

// Explain says where a unit of a running session could go, and why not elsewhere.
func (c *Client) Explain(ctx context.Context, id contracts.SessionID, unit contracts.UnitID) (contracts.UnitPlacement, error) {
	return get[contracts.UnitPlacement](ctx, c, sessionPath(id)+"/units/"+segment(string(unit))+"/placement", nil)
}

func sessionPath(id contracts.SessionID) string { return "/v1/sessions/" + segment(string(id)) }

// segment escapes s as one segment of a path. Of dots alone a segment would
// mean another place.
func segment(s string) string {
	if s == "." || s == ".." {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return url.PathEscape(s)
}

package client

import (
	"context"
	"net/url"
	"strconv"

	"github.com/krako-labs/krako/contracts"
)

// LogCheckpoint returns the signed state of the coordinator's log.
func (c *Client) LogCheckpoint(ctx context.Context) (contracts.LogCheckpoint, error) {
	return get[contracts.LogCheckpoint](ctx, c, "/v1/log/checkpoint", nil)
}

// LogGrowth returns the proof that the log's first from records are still the ones
// it had then.
func (c *Client) LogGrowth(ctx context.Context, from int64) (contracts.LogGrowth, error) {
	return get[contracts.LogGrowth](ctx, c, "/v1/log/growth", url.Values{"from": {strconv.FormatInt(from, 10)}})
}

// LogProof returns the proof that the end of a session, or its beginning while it
// runs, stands in the log.
func (c *Client) LogProof(ctx context.Context, id contracts.SessionID) (contracts.LogProof, error) {
	return get[contracts.LogProof](ctx, c, "/v1/sessions/"+url.PathEscape(string(id))+"/proof", nil)
}

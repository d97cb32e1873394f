package client

import (
	"context"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// Trust says what is known of a node's conduct.
func (c *Client) Trust(ctx context.Context, node contracts.NodeID) (contracts.NodeTrust, error) {
	return get[contracts.NodeTrust](ctx, c, "/v1/trust/"+segment(string(node)), nil)
}

// Order carries out a decision about a node; it needs an operator's key.
func (c *Client) Order(ctx context.Context, node contracts.NodeID, o contracts.NodeOrder) error {
	return c.send(ctx, http.MethodPut, "/v1/trust/"+segment(string(node)), o, nil)
}

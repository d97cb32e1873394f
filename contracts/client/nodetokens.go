package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// NewNodeToken makes a token that lets nodes and pods in. Only the answer tells the
// secret, so that a call whose answer was lost is not made again: what it may have
// made is in NodeTokens.
func (c *Client) NewNodeToken(ctx context.Context, r contracts.NodeTokenRequest) (contracts.NodeTokenCreated, error) {
	var made contracts.NodeTokenCreated
	body, err := json.Marshal(r)
	if err != nil {
		return made, contracts.Errorf(contracts.CodeValidation, "node token request", "encode: %w", err)
	}
	got, err := c.once(ctx, call{
		method: http.MethodPost, path: "/v1/node-tokens", body: body, accept: []int{http.StatusCreated},
		header: http.Header{"Content-Type": {"application/json"}},
	})
	if err != nil {
		return made, err
	}
	err = c.decode(got.body, &made)
	return made, err
}

// NodeTokens lists the tokens for nodes, oldest first.
func (c *Client) NodeTokens(ctx context.Context) (contracts.NodeTokenList, error) {
	return get[contracts.NodeTokenList](ctx, c, "/v1/node-tokens", nil)
}

// RevokeNodeToken ends a token. From when it returns on nobody is let in with it.
func (c *Client) RevokeNodeToken(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/v1/node-tokens/" + segment(id), accept: []int{http.StatusNoContent}})
	return err
}

// Operators lists who runs nodes and pods, by name.
func (c *Client) Operators(ctx context.Context) (contracts.OperatorList, error) {
	return get[contracts.OperatorList](ctx, c, "/v1/operators", nil)
}

package client

import (
	"context"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// Nodes lists the nodes that the coordinator knows.
func (c *Client) Nodes(ctx context.Context) (contracts.NodeList, error) {
	return get[contracts.NodeList](ctx, c, "/v1/nodes", nil)
}

// Pods lists the LLM pods that the coordinator knows and what they serve.
func (c *Client) Pods(ctx context.Context) (contracts.NodeList, error) {
	return get[contracts.NodeList](ctx, c, "/v1/pods", nil)
}

// Tasks lists the task catalogue.
func (c *Client) Tasks(ctx context.Context) (contracts.TaskList, error) {
	return get[contracts.TaskList](ctx, c, "/v1/tasks", nil)
}

// Capabilities says what graphs are accepted.
func (c *Client) Capabilities(ctx context.Context) (contracts.BackendCapabilities, error) {
	return get[contracts.BackendCapabilities](ctx, c, "/v1/capabilities", nil)
}

// Health says whether work can be taken now. A coordinator that answers that it
// cannot is a status, not an error.
func (c *Client) Health(ctx context.Context) (contracts.BackendStatus, error) {
	return get[contracts.BackendStatus](ctx, c, "/readyz", nil, http.StatusServiceUnavailable)
}

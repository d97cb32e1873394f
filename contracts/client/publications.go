package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// Publish makes a part of computations public, for operators of the fabric.
func (c *Client) Publish(ctx context.Context, p contracts.Publication) (contracts.PublicationView, error) {
	var v contracts.PublicationView
	body, err := json.Marshal(p)
	if err != nil {
		return v, contracts.Errorf(contracts.CodeValidation, "publication", "encode: %w", err)
	}
	got, err := c.do(ctx, call{
		method: http.MethodPost, path: "/v1/publications", body: body, accept: []int{http.StatusCreated},
		header: http.Header{"Content-Type": {"application/json"}},
	})
	if err != nil {
		return v, err
	}
	err = c.decode(got.body, &v)
	return v, err
}

// Publications lists what is public, oldest first.
func (c *Client) Publications(ctx context.Context) (contracts.PublicationList, error) {
	return get[contracts.PublicationList](ctx, c, "/v1/publications", nil)
}

// Withdraw ends a publication.
func (c *Client) Withdraw(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/v1/publications/" + segment(id), accept: []int{http.StatusNoContent}})
	return err
}

package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// NewKey makes an API key. Only the answer tells the secret, so that a call
// whose answer was lost is not made again: what it may have made is in Keys.
func (c *Client) NewKey(ctx context.Context, r contracts.KeyRequest) (contracts.KeyCreated, error) {
	var made contracts.KeyCreated
	body, err := json.Marshal(r)
	if err != nil {
		return made, contracts.Errorf(contracts.CodeValidation, "key request", "encode: %w", err)
	}
	got, err := c.once(ctx, call{
		method: http.MethodPost, path: "/v1/keys", body: body, accept: []int{http.StatusCreated},
		header: http.Header{"Content-Type": {"application/json"}},
	})
	if err != nil {
		return made, err
	}
	err = c.decode(got.body, &made)
	return made, err
}

// Keys lists the keys that the caller's key may see, oldest first.
func (c *Client) Keys(ctx context.Context) (contracts.KeyList, error) {
	return get[contracts.KeyList](ctx, c, "/v1/keys", nil)
}

// RevokeKey ends a key. From when it returns on no request is accepted with it.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/v1/keys/" + segment(id), accept: []int{http.StatusNoContent}})
	return err
}

// Quotas lists the tenants that the caller's key may see, with what they may use
// and do use.
func (c *Client) Quotas(ctx context.Context) (contracts.QuotaList, error) {
	return get[contracts.QuotaList](ctx, c, "/v1/quotas", nil)
}

// Quota returns one tenant's.
func (c *Client) Quota(ctx context.Context, t contracts.TenantID) (contracts.QuotaView, error) {
	return get[contracts.QuotaView](ctx, c, quotaPath(t), nil)
}

// SetQuota replaces what a tenant may use.
func (c *Client) SetQuota(ctx context.Context, t contracts.TenantID, q contracts.Quota) error {
	body, err := json.Marshal(q)
	if err != nil {
		return contracts.Errorf(contracts.CodeValidation, string(t), "encode quota: %w", err)
	}
	_, err = c.do(ctx, call{
		method: http.MethodPut, path: quotaPath(t), body: body, accept: []int{http.StatusNoContent},
		header: http.Header{"Content-Type": {"application/json"}},
	})
	return err
}

func quotaPath(t contracts.TenantID) string { return "/v1/quotas/" + segment(string(t)) }

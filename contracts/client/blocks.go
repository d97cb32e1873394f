package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// mediaTypes are those of blocks by codec.
var mediaTypes = map[uint64]string{
	cid.Raw:     "application/vnd.ipld.raw",
	cid.DagCBOR: "application/vnd.ipld.dag-cbor",
}

// PutBlock stores data under its own address, which is computed here, and
// returns it. Another codec than raw and dag-cbor is UNSUPPORTED.
func (c *Client) PutBlock(ctx context.Context, codec uint64, data []byte) (cid.Cid, error) {
	mediaType, ok := mediaTypes[codec]
	if !ok {
		return cid.Undef, contracts.Errorf(contracts.CodeUnsupported, "codec", "codec %#x is neither raw nor dag-cbor", codec)
	}
	address := dagcbor.RawCID(data)
	if codec == cid.DagCBOR {
		address = dagcbor.CID(data)
	}
	got, err := c.do(ctx, call{
		method: http.MethodPut, path: "/v1/blocks", query: url.Values{"cid": {address.String()}}, body: data,
		header: http.Header{"Content-Type": {mediaType}}, accept: []int{http.StatusOK},
	})
	if err != nil {
		return cid.Undef, err
	}
	var stored contracts.BlockStored
	if err := c.decode(got.body, &stored); err != nil {
		return cid.Undef, err
	}
	if !stored.CID.Equals(address) {
		return cid.Undef, contracts.Errorf(contracts.CodeValidation, address.String(), "the gateway stored the block as %s", stored.CID)
	}
	return address, nil
}

// GetBlock returns the bytes that a names. Other bytes, whatever the gateway
// says, are a VALIDATION_ERROR; an absent block is NOT_FOUND.
func (c *Client) GetBlock(ctx context.Context, a cid.Cid) ([]byte, error) {
	if err := dagcbor.CheckCID(a); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, a.String(), "refuse address: %w", err)
	}
	return c.block(ctx, a, nil)
}

// BlockOf is GetBlock for a block that a session of the caller's tenant named or
// brought forth, such as an invocation or a result of one that has ended.
func (c *Client) BlockOf(ctx context.Context, id contracts.SessionID, a cid.Cid) ([]byte, error) {
	if err := dagcbor.CheckCID(a); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, a.String(), "refuse address: %w", err)
	}
	return c.block(ctx, a, url.Values{"session": {string(id)}})
}

func (c *Client) block(ctx context.Context, a cid.Cid, query url.Values) ([]byte, error) {
	got, err := c.do(ctx, call{
		method: http.MethodGet, path: "/v1/blocks/" + a.String(), query: query, accept: []int{http.StatusOK}, most: dagcbor.MaxSize,
	})
	if err != nil {
		return nil, err
	}
	if err := dagcbor.Verify(a, got.body); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, a.String(), "refuse block: %w", err)
	}
	return got.body, nil
}

// HasBlock reports whether the coordinator holds the block.
func (c *Client) HasBlock(ctx context.Context, a cid.Cid) (bool, error) {
	if err := dagcbor.CheckCID(a); err != nil {
		return false, contracts.Errorf(contracts.CodeValidation, a.String(), "refuse address: %w", err)
	}
	_, err := c.do(ctx, call{method: http.MethodHead, path: "/v1/blocks/" + a.String(), accept: []int{http.StatusOK}})
	if contracts.CodeOf(err) == contracts.CodeNotFound {
		return false, nil
	}
	return err == nil, err
}

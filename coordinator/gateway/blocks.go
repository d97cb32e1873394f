package gateway

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// The media types of blocks, one for each codec.
const (
	typeRaw  = "application/vnd.ipld.raw"
	typeCBOR = "application/vnd.ipld.dag-cbor"
)

// blockRoutes adds upload and download of blocks.
func (g *gateway) blockRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "put-block", Method: http.MethodPut, Path: "/v1/blocks", Tags: []string{"blocks"},
		Summary:     "Store a block under its own address",
		Description: "Idempotent. The content type says the codec; dag-cbor must be the one strict spelling of its value.",
		Errors:      []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests},
	}, needs(contracts.ScopeBlocks), g.putBlock)
	a.describeBody(http.MethodPut, "/v1/blocks", &huma.RequestBody{Required: true, Content: content(bytesOf("The block."), typeRaw, typeCBOR)})
	route(g, a, huma.Operation{
		OperationID: "get-block", Method: http.MethodGet, Path: "/v1/blocks/{cid}", Tags: []string{"blocks"},
		Summary:     "Get a block",
		Description: "A block never changes; whoever receives it can and should check that it hashes to its address.",
		Errors:      []int{http.StatusNotFound},
		Responses: map[string]*huma.Response{
			"200": {Description: "The block", Content: content(bytesOf("The block."), typeRaw, typeCBOR)},
			"304": {Description: "If-None-Match names the block"},
		},
	}, needs(contracts.ScopeRead, contracts.ScopeBlocks), g.getBlock)
	route(g, a, huma.Operation{
		OperationID: "has-block", Method: http.MethodHead, Path: "/v1/blocks/{cid}", Tags: []string{"blocks"},
		Summary: "Ask whether a block is there",
		Errors:  []int{http.StatusNotFound},
	}, needs(contracts.ScopeRead, contracts.ScopeBlocks), g.hasBlock)
	for _, r := range a.OpenAPI().Paths["/v1/blocks/{cid}"].Head.Responses {
		r.Content = nil
	}
}

type putBlockInput struct {
	CID      string `query:"cid" maxLength:"128" doc:"The address that the block must have."`
	exchange exchange
}

// Resolve implements huma.Resolver.
func (in *putBlockInput) Resolve(ctx huma.Context) []error {
	in.exchange = exchangeOf(ctx)
	return nil
}

func (g *gateway) putBlock(ctx context.Context, in *putBlockInput) (*jsonOutput[contracts.BlockStored], error) {
	mediaType, err := in.exchange.mediaType(typeRaw, typeCBOR)
	if err != nil {
		return nil, err
	}
	data, release, err := g.body(ctx, in.exchange, g.cfg.MaxBlockBytes)
	if err != nil {
		return nil, err
	}
	defer release()
	c, err := addressOf(mediaType, data)
	if err != nil {
		return nil, err
	}
	if in.CID != "" && in.CID != c.String() {
		return nil, contracts.Errorf(contracts.CodeValidation, clip(in.CID, maxName), "the block hashes to %s", c)
	}
	stored, err := g.fabric.PutBlock(ctx, callerOf(ctx).Tenant, c.Type(), data)
	if err != nil {
		return nil, err
	}
	if !stored.Equals(c) {
		return nil, contracts.Errorf(contracts.CodeInternal, c.String(), "the block was stored as %s", stored)
	}
	return &jsonOutput[contracts.BlockStored]{contracts.BlockStored{CID: contracts.Link{Cid: c}, Bytes: int64(len(data))}}, nil
}

// addressOf checks data against its codec and hashes it.
func addressOf(mediaType string, data []byte) (cid.Cid, error) {
	if mediaType == typeRaw {
		return dagcbor.RawCID(data), nil
	}
	if err := dagcbor.Check(data); err != nil {
		return cid.Undef, contracts.Errorf(contracts.CodeValidation, "body", "%w", err)
	}
	return dagcbor.CID(data), nil
}

type blockInput struct {
	CID         string              `path:"cid" maxLength:"128" doc:"The block's address: CIDv1, sha2-256, raw or dag-cbor, in base32."`
	Session     contracts.SessionID `query:"session" format:"uuid" doc:"A session of yours that names the block or brought it forth. Needed for the invocations and results of a session that has ended; receipts have them too."`
	IfNoneMatch string              `header:"If-None-Match" doc:"The ETag of a copy at hand: the address in quotes."`
}

func (in *blockInput) address() (cid.Cid, error) {
	l, err := dagcbor.ParseLink(in.CID)
	if err == nil {
		err = dagcbor.CheckCID(l.Cid)
	}
	if err != nil {
		return cid.Undef, contracts.Errorf(contracts.CodeValidation, clip(in.CID, maxName), "%w", err)
	}
	return l.Cid, nil
}

type blockOutput struct {
	Status        int
	ContentType   string `header:"Content-Type"`
	ContentLength string `header:"Content-Length"`
	CacheControl  string `header:"Cache-Control"`
	ETag          string `header:"ETag"`
	Body          []byte
}

// blockAnswer lets any cache of the client's own keep a block for ever. It is
// private because to know an address is not a permission to read.
func blockAnswer(c cid.Cid) *blockOutput {
	out := &blockOutput{
		Status:       http.StatusOK,
		ContentType:  typeRaw,
		CacheControl: "private, max-age=31536000, immutable",
		ETag:         `"` + c.String() + `"`,
	}
	if c.Type() == cid.DagCBOR {
		out.ContentType = typeCBOR
	}
	return out
}

func (g *gateway) getBlock(ctx context.Context, in *blockInput) (*blockOutput, error) {
	c, err := in.address()
	if err != nil {
		return nil, err
	}
	out := blockAnswer(c)
	if in.IfNoneMatch == out.ETag {
		out.Status = http.StatusNotModified
		return out, g.mustHave(ctx, c, in.Session)
	}
	if err := g.mayRead(ctx, c, in.Session); err != nil {
		return nil, err
	}
	if out.Body, err = g.fabric.GetBlock(ctx, c); err != nil {
		return nil, err
	}
	out.ContentLength = strconv.Itoa(len(out.Body))
	return out, nil
}

func (g *gateway) hasBlock(ctx context.Context, in *blockInput) (*blockOutput, error) {
	c, err := in.address()
	if err != nil {
		return nil, err
	}
	return blockAnswer(c), g.mustHave(ctx, c, in.Session)
}

// mayRead is nil when the caller may read a block. One that it may not is
// answered like one that does not exist.
func (g *gateway) mayRead(ctx context.Context, c cid.Cid, by contracts.SessionID) error {
	who := callerOf(ctx)
	may, err := g.fabric.MayRead(ctx, who.Tenant, c)
	if err == nil && !may && by != "" {
		if err = g.owns(ctx, who, by); err == nil {
			may, err = g.fabric.Refers(ctx, by, c)
		}
	}
	if err == nil && !may {
		err = noBlock(c)
	}
	return err
}

func noBlock(c cid.Cid) error {
	return contracts.Errorf(contracts.CodeNotFound, c.String(), "no such block")
}

func (g *gateway) mustHave(ctx context.Context, c cid.Cid, by contracts.SessionID) error {
	if err := g.mayRead(ctx, c, by); err != nil {
		return err
	}
	has, err := g.fabric.HasBlock(ctx, c)
	if err == nil && !has {
		err = noBlock(c)
	}
	return err
}

package conformance

import (
	"bytes"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// blocks are how bytes reach and leave a backend.
func blocks() []test {
	return []test{
		{"round_trip", func(c *trial) {
			node, err := dagcbor.Marshal(map[string]any{"a": []any{1, "x"}})
			if err != nil {
				c.Fatal(err)
			}
			for _, b := range []struct {
				codec uint64
				data  []byte
				want  cid.Cid
			}{{cid.Raw, []byte("bytes"), dagcbor.RawCID([]byte("bytes"))}, {cid.DagCBOR, node, dagcbor.CID(node)}, {cid.Raw, nil, dagcbor.RawCID(nil)}} {
				for range 2 { // putting twice is putting once
					id, err := c.Blocks.PutBlock(c.ctx, b.codec, b.data)
					if err != nil || !id.Equals(b.want) {
						c.Errorf("put %q: %s, %v, want %s", b.data, id, err, b.want)
					}
				}
				if got, err := c.Blocks.GetBlock(c.ctx, b.want); err != nil || !bytes.Equal(got, b.data) {
					c.Errorf("get %s: %q, %v, want %q", b.want, got, err, b.data)
				}
			}
		}},
		{"caller_keeps_its_bytes", func(c *trial) {
			mine := []byte("what the caller does with its bytes is its affair")
			id, err := c.Blocks.PutBlock(c.ctx, cid.Raw, mine)
			if err != nil {
				c.Fatal(err)
			}
			clear(mine)
			got := c.block(id.String())
			clear(got)
			c.block(id.String())
		}},
		{"absent", func(c *trial) {
			absent := dagcbor.RawCID([]byte("nobody put this"))
			_, err := c.Blocks.GetBlock(c.ctx, absent)
			c.wantError(err, contracts.CodeNotFound, "")
			c.wantNamed(err, absent.String())
		}},
		{"foreign_codec", func(c *trial) {
			_, err := c.Blocks.PutBlock(c.ctx, cid.DagProtobuf, []byte("x"))
			c.wantError(err, contracts.CodeUnsupported, "")
		}},
		{"foreign_address", func(c *trial) {
			_, err := c.Blocks.GetBlock(c.ctx, cid.NewCidV0(dagcbor.RawCID([]byte("x")).Hash()))
			c.wantError(err, contracts.CodeValidation, "")
		}},
	}
}

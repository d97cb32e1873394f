package p2p

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

const (
	// MaxWant is the greatest number of blocks of one request.
	MaxWant = 64
	// maxWantFrame bounds a request, maxBlockFrame the head of an answer.
	maxWantFrame  = 8 << 10
	maxBlockFrame = 512
	// firstBlock is what the head of an answer alone can make a client allocate.
	firstBlock = 1 << 20
)

// want asks for blocks of up to Max bytes each. Sent by the client.
type want struct {
	CIDs []dagcbor.Link `cbor:"cids"`
	Max  int64          `cbor:"max"`
}

// blockHead answers for one of them; Size bytes follow it if Code is empty. A
// code without bytes may come with a size, to say how large the block is.
type blockHead struct {
	CID  dagcbor.Link   `cbor:"cid"`
	Code contracts.Code `cbor:"code,omitempty"`
	Size int64          `cbor:"size,omitempty"`
}

func (w *want) check() error {
	if err := within("cids", len(w.CIDs), 1, MaxWant); err != nil {
		return err
	}
	for _, l := range w.CIDs {
		if err := dagcbor.CheckCID(l.Cid); err != nil {
			return err
		}
	}
	if w.Max < 0 {
		return fmt.Errorf("max is %d", w.Max)
	}
	return nil
}

func (b *blockHead) check() error {
	if b.Code != "" && !b.Code.Valid() {
		return fmt.Errorf("code %.40q is unknown", b.Code)
	}
	if b.Size < 0 {
		return fmt.Errorf("size is %d", b.Size)
	}
	return nil
}

// checked is a message of the block protocol.
type checked interface{ check() error }

func encodeBlockFrame(t frameType, m checked) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrameMalformed, err)
	}
	body, err := dagcbor.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrameMalformed, err)
	}
	return appendFrame(nil, t, body)
}

// readBlockFrame reads one frame, which must be of type t, into m. At the end
// of the stream it returns io.EOF.
func readBlockFrame(in *frameReader, t frameType, m checked) error {
	got, body, err := in.next()
	if err != nil {
		return err
	}
	if got != t {
		return fmt.Errorf("%w: frame type %d, not %d", ErrUnexpected, got, t)
	}
	if err := dagcbor.Unmarshal(body, m); err != nil {
		return fmt.Errorf("%w: %w", ErrFrameMalformed, err)
	}
	if err := m.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrFrameMalformed, err)
	}
	return nil
}

// readBlock reads the bytes of c, size of them, and hashes them as they come.
// It allocates at most twice what has arrived, and a first megabyte.
func readBlock(r *bufio.Reader, c cid.Cid, size int) ([]byte, error) {
	hash := sha256.New()
	data := make([]byte, 0, min(size, firstBlock))
	for len(data) < size {
		if len(data) == cap(data) {
			data = slices.Grow(data, min(size-len(data), len(data)))
		}
		part := data[len(data):min(cap(data), size, len(data)+writeChunk)]
		n, err := io.ReadFull(r, part)
		hash.Write(part[:n])
		data = data[:len(data)+n]
		if isEnd(err) {
			return nil, fmt.Errorf("%w: %d of %d bytes came", ErrBlockTruncated, len(data), size)
		}
		if err != nil {
			return nil, err
		}
	}
	// CheckCID has proved that the digest is the last part of the CID.
	if digest := hash.Sum(nil); c.KeyString()[c.ByteLen()-len(digest):] != string(digest) {
		return nil, fmt.Errorf("%w: sha2-256 is %x", ErrBlockTampered, digest)
	}
	return data, nil
}

package p2p

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

const blockPeerID = "peer"

// shelf serves blocks from memory to everyone.
type shelf map[cid.Cid][]byte

func shelve(blocks ...[]byte) shelf {
	s := make(shelf)
	for _, b := range blocks {
		s[dagcbor.RawCID(b)] = b
	}
	return s
}

func (s shelf) read(_ context.Context, _ string, c cid.Cid) ([]byte, error) {
	if b, ok := s[c]; ok {
		return b, nil
	}
	return nil, contracts.Errorf(contracts.CodeNotFound, c.String(), "no such block")
}

// serveOn runs a block server on one end of a pipe and returns a client stream
// on the other.
func serveOn(ctx context.Context, read ReadBlockFunc) (*blockClient, *blockStream) {
	a, b := pipeConns()
	server := &blockServer{read: read, reads: make(chan struct{}, 2), patience: time.Minute, log: slog.New(slog.DiscardHandler)}
	go server.handle(ctx, b, blockPeerID)
	client := newBlockClient(nil, 1, time.Minute)
	return client, newBlockStream(a, time.Minute)
}

// answer is what a fetch gave for one CID.
type answer struct {
	data []byte
	err  error
}

func exchange(ctx context.Context, client *blockClient, s *blockStream, most int64, cids ...cid.Cid) ([]answer, error) {
	var answers []answer
	_, err := client.exchange(ctx, s, blockPeerID, cids, most, func(_ cid.Cid, b []byte, err error) error {
		answers = append(answers, answer{b, err})
		return nil
	})
	return answers, err
}

func TestBlocksArriveInOrderWithTheirErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		small, large, empty := []byte("small"), bytes.Repeat([]byte("x"), 3*firstBlock+1), []byte{}
		missing := dagcbor.RawCID([]byte("missing"))
		client, s := serveOn(t.Context(), shelve(small, large, empty).read)
		defer s.conn.Close()
		cids := []cid.Cid{dagcbor.RawCID(small), missing, dagcbor.RawCID(empty), dagcbor.RawCID(large)}
		for range 2 { // on the same stream
			got, err := exchange(t.Context(), client, s, int64(len(large)), cids...)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range [][]byte{small, nil, empty, large} {
				if !bytes.Equal(got[i].data, want) || (got[i].err != nil) != (i == 1) {
					t.Errorf("block %d: %d bytes, %v", i, len(got[i].data), got[i].err)
				}
			}
			wantBlockError(t, got[1].err, ErrBlockRefused, contracts.CodeNotFound, missing)
		}
	})
}

func wantBlockError(t testing.TB, err, kind error, code contracts.Code, c cid.Cid) {
	t.Helper()
	wantError(t, err, kind, c.String())
	if contracts.CodeOf(err) != code || !strings.Contains(err.Error(), blockPeerID) {
		t.Errorf("error %v, want %s and the peer's name", err, code)
	}
}

func TestServerAnswersWithCodesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dagcbor.RawCID([]byte("x"))
		for _, err := range []struct {
			fault error
			want  contracts.Code
		}{
			{contracts.Errorf(contracts.CodeAuth, "", "tenant b may not read it"), contracts.CodeAuth},
			{errors.New("open /secret/path: denied"), contracts.CodeInternal},
		} {
			client, s := serveOn(t.Context(), func(context.Context, string, cid.Cid) ([]byte, error) { return nil, err.fault })
			got, failure := exchange(t.Context(), client, s, 1, c)
			if failure != nil {
				t.Fatal(failure)
			}
			wantBlockError(t, got[0].err, ErrBlockRefused, err.want, c)
			if strings.Contains(got[0].err.Error(), "secret") || strings.Contains(got[0].err.Error(), "tenant") {
				t.Errorf("the answer tells %v", got[0].err)
			}
			s.conn.Close()
		}
	})
}

func TestServerDoesNotSendWhatIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := []byte("123456")
		client, s := serveOn(t.Context(), shelve(b).read)
		defer s.conn.Close()
		got, err := exchange(t.Context(), client, s, 5, dagcbor.RawCID(b))
		if err != nil {
			t.Fatal(err)
		}
		wantBlockError(t, got[0].err, ErrBlockTooLarge, contracts.CodeResourceExhausted, dagcbor.RawCID(b))
		if got, err := exchange(t.Context(), client, s, 6, dagcbor.RawCID(b)); err != nil || got[0].err != nil {
			t.Errorf("at the cap: %v, %v", got, err)
		}
	})
}

// Every way in which a server can lie has an error of its own, and ends the
// stream.
func TestLyingServers(t *testing.T) {
	good := []byte("the block")
	c, other := dagcbor.RawCID(good), dagcbor.RawCID([]byte("another"))
	head := func(of cid.Cid, code contracts.Code, size int64) []byte {
		frame, err := encodeBlockFrame(typeBlock, &blockHead{CID: dagcbor.Link{Cid: of}, Code: code, Size: size})
		if err != nil {
			t.Fatal(err)
		}
		return frame
	}
	n := int64(len(good))
	for name, l := range map[string]struct {
		wire []byte
		kind error
		code contracts.Code
	}{
		"tampered":          {append(head(c, "", n), "THE BLOCK"...), ErrBlockTampered, contracts.CodeBadOutput},
		"another's bytes":   {append(head(c, "", 7), "another"...), ErrBlockTampered, contracts.CodeBadOutput},
		"truncated":         {append(head(c, "", n), "the bl"...), ErrBlockTruncated, contracts.CodeNetwork},
		"nothing after it":  {head(c, "", n), ErrBlockTruncated, contracts.CodeNetwork},
		"no answer":         {nil, ErrBlockTruncated, contracts.CodeNetwork},
		"cut in the head":   {head(c, "", n)[:9], ErrBlockTruncated, contracts.CodeNetwork},
		"another CID":       {append(head(other, "", 7), "another"...), ErrBlockMismatch, contracts.CodeValidation},
		"refuses another":   {head(other, contracts.CodeNotFound, 0), ErrBlockMismatch, contracts.CodeValidation},
		"over the cap":      {head(c, "", 1<<20+1), ErrBlockTooLarge, contracts.CodeResourceExhausted},
		"far over the cap":  {head(c, "", 1<<62), ErrBlockTooLarge, contracts.CodeResourceExhausted},
		"negative size":     {mustFrame(t, typeBlock, mustMarshal(t, &blockHead{CID: dagcbor.Link{Cid: c}, Size: -1})), ErrFrameMalformed, contracts.CodeValidation},
		"unknown code":      {mustFrame(t, typeBlock, mustMarshal(t, &blockHead{CID: dagcbor.Link{Cid: c}, Code: "X"})), ErrFrameMalformed, contracts.CodeValidation},
		"4 GiB head":        {[]byte{0xff, 0xff, 0xff, 0xff}, ErrFrameTooLarge, contracts.CodeValidation},
		"work stream frame": {mustFrame(t, typeAck, []byte{0xa0}), ErrUnexpected, contracts.CodeValidation},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := pipeConns()
				go func() {
					in := frameReader{r: b, max: maxWantFrame}
					in.next()
					b.Write(l.wire)
					b.CloseWrite()
				}()
				got, err := exchange(t.Context(), newBlockClient(nil, 1, time.Minute), newBlockStream(a, time.Minute), 1<<20, c)
				if len(got) != 0 {
					t.Errorf("gave %v", got)
				}
				wantBlockError(t, err, l.kind, l.code, c)
				wantReset(t, b)
			})
		})
	}
}

// The size in a head is only a claim: within the cap, too, it costs no more
// than a first megabyte until bytes arrive.
func TestClaimedSizeAllocatesLittle(t *testing.T) {
	c := dagcbor.RawCID([]byte("x"))
	s := newBlockStream(&pipeConn{}, time.Minute)
	s.buf.Reset(strings.NewReader("x"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readBlock(s.buf, c, 1<<30)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrBlockTruncated) {
		t.Error(err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*firstBlock {
		t.Errorf("allocated %d bytes for one that came", got)
	}
}

func TestBadRequestsAreReset(t *testing.T) {
	foreign := cid.MustParse("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n")
	link := dagcbor.Link{Cid: dagcbor.RawCID(nil)}
	for name, wire := range map[string][]byte{
		"nothing wanted":   mustFrame(t, typeWant, mustMarshal(t, &want{})),
		"too many":         mustFrame(t, typeWant, mustMarshal(t, &want{CIDs: slices.Repeat([]dagcbor.Link{link}, MaxWant+1)})),
		"foreign CID":      mustFrame(t, typeWant, mustMarshal(t, &want{CIDs: []dagcbor.Link{{Cid: foreign}}})),
		"negative cap":     mustFrame(t, typeWant, mustMarshal(t, &want{CIDs: []dagcbor.Link{link}, Max: -1})),
		"over the frame":   {0, 0, 0x20, 1},
		"no request":       mustFrame(t, typeBlock, mustMarshal(t, &blockHead{CID: link})),
		"not even a frame": []byte("GET / HTTP/1.1\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s := serveOn(t.Context(), func(context.Context, string, cid.Cid) ([]byte, error) {
					t.Error("read a block for a bad request")
					return nil, io.EOF
				})
				go s.conn.Write(wire)
				if got, err := io.ReadAll(s.conn); len(got) != 0 || err != nil {
					t.Errorf("answered % x, %v", got, err)
				}
			})
		})
	}
}

func TestIdleBlockStreamIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := serveOn(t.Context(), shelve().read)
		start := time.Now()
		if _, err := io.ReadAll(s.conn); err != nil {
			t.Error(err)
		}
		if got := time.Since(start); got != time.Minute {
			t.Errorf("closed after %s", got)
		}
	})
}

// Blocks in memory are bounded, and one slow peer does not hold up others as
// long as there is a token.
func TestReadsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bytes.Repeat([]byte("x"), 4*writeChunk)
		var reading atomic.Int32
		server := &blockServer{reads: make(chan struct{}, 2), patience: time.Minute, log: slog.New(slog.DiscardHandler),
			read: func(context.Context, string, cid.Cid) ([]byte, error) { reading.Add(1); return b, nil }}
		var clients []*pipeConn
		for range 5 {
			a, c := pipeConns()
			go server.handle(t.Context(), c, blockPeerID)
			frame, err := encodeBlockFrame(typeWant, &want{CIDs: []dagcbor.Link{{Cid: dagcbor.RawCID(b)}}, Max: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			go a.Write(frame) // and read nothing
			clients = append(clients, a)
		}
		synctest.Wait()
		if got := reading.Load(); got != 2 {
			t.Errorf("%d blocks read for clients that take none, want 2", got)
		}
		for _, c := range clients {
			c.Close()
		}
		synctest.Wait()
	})
}

func TestFetchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dagcbor.RawCID([]byte("x"))
		a, b := pipeConns()
		go io.Copy(io.Discard, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := exchange(ctx, newBlockClient(nil, 1, time.Minute), newBlockStream(a, time.Minute), 1, c)
		if !errors.Is(err, context.DeadlineExceeded) || contracts.CodeOf(err) != contracts.CodeTimeout {
			t.Errorf("after the deadline: %v", err)
		}
		a, b = pipeConns()
		go io.Copy(io.Discard, b)
		_, err = exchange(t.Context(), newBlockClient(nil, 1, time.Minute), newBlockStream(a, time.Minute), 1, c)
		wantBlockError(t, err, ErrSilent, contracts.CodeTimeout, c)
	})
}

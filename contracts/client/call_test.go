package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

const nodes = `{"nodes":[{"node_id":"n","colour":"a field of a later version"}]}`

func TestCallsAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := talk(t, down, problem(503, "MODEL_UNAVAILABLE"), answer(502, "<html>", "Content-Type: text/html"), answer(200, nodes[:9]+"\x00"), answer(200, nodes))
		list, err := c.Nodes(t.Context())
		if contracts.CodeOf(err) != contracts.CodeUnsupported || len(s.asked) != 4 {
			t.Fatalf("an answer that is no JSON: %+v, %v after %v", list, err, s.asked)
		}
		list, err = c.Nodes(t.Context())
		if err != nil || len(list.Nodes) != 1 || list.Nodes[0].NodeID != "n" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestRepetitionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		c, s := talk(t, down)
		_, err := c.Nodes(t.Context())
		if contracts.CodeOf(err) != contracts.CodeNetwork || len(s.asked) != client.DefaultRetry().Attempts {
			t.Errorf("%v after %d attempts", err, len(s.asked))
		}
		if d := time.Since(begin); d < 3*time.Second || d > 7*time.Second {
			t.Errorf("gave up after %s", d)
		}
	})
}

func TestOnlyRetryableErrorsAreRepeated(t *testing.T) {
	for _, code := range []contracts.Code{
		contracts.CodeValidation, contracts.CodeNotFound, contracts.CodeConflict, contracts.CodeAuth, contracts.CodeUnsupported, contracts.CodeBudgetExceeded,
	} {
		c, s := talk(t, problem(400, string(code)))
		_, err := c.Nodes(t.Context())
		e, ok := errors.AsType[*contracts.Error](err)
		if !ok || e.Code != code || e.Message != "because" || e.Offender != "someone" || len(s.asked) != 1 {
			t.Errorf("%s: %v after %d attempts", code, err, len(s.asked))
		}
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	for after, want := range map[string]time.Duration{"2": 2 * time.Second, "3600": client.DefaultRetry().Most, "86400": client.DefaultRetry().Most, "soon": 0} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			c, _ := talk(t, problem(429, "RATE_LIMITED", "Retry-After: "+after), answer(200, nodes))
			if _, err := c.Nodes(t.Context()); err != nil {
				t.Error(err)
			}
			if d := time.Since(begin); d < want || d > want+client.DefaultRetry().First {
				t.Errorf("retry after %s: waited %s", after, d)
			}
		})
	}
}

func TestContextEndsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, _ := talk(t, hang)
		_, err := c.Nodes(ctx)
		if contracts.CodeOf(err) != contracts.CodeTimeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in a call: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, _ := talk(t, problem(429, "RATE_LIMITED", "Retry-After: 3"))
		begin := time.Now()
		if _, err := c.Nodes(ctx); contracts.CodeOf(err) != contracts.CodeRateLimited || time.Since(begin) != time.Second {
			t.Errorf("between calls: %v after %s", err, time.Since(begin))
		}
	})
}

func TestSilenceEndsACall(t *testing.T) {
	for name, s := range map[string]step{"no answer": hang, "half an answer": stall(nodes[:5])} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			c, _ := talk(t, s, answer(200, nodes))
			if _, err := c.Nodes(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if d := time.Since(begin); d < client.DefaultIdle || d > client.DefaultIdle+time.Second {
				t.Errorf("%s: took %s", name, d)
			}
		})
	}
}

func TestSlowUploadIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := make([]byte, 10)
		c, s := talk(t, func(r *http.Request) (*http.Response, error) {
			for n := 0; n < len(data); {
				time.Sleep(client.DefaultIdle - time.Second)
				got, err := r.Body.Read(make([]byte, 1))
				if n += got; err != nil {
					return nil, err
				}
			}
			return answer(200, `{"cid":{"/":"`+dagcbor.RawCID(data).String()+`"},"bytes":10}`)(r)
		})
		if _, err := c.PutBlock(t.Context(), cid.Raw, data); err != nil || len(s.asked) != 1 {
			t.Errorf("%v after %d attempts", err, len(s.asked))
		}
	})
}

func TestAnswersThatAreNoGateways(t *testing.T) {
	for status, want := range map[int]contracts.Code{
		302: contracts.CodeUnsupported, 204: contracts.CodeUnsupported, 401: contracts.CodeAuth, 403: contracts.CodeAuth,
		404: contracts.CodeNotFound, 405: contracts.CodeUnsupported, 422: contracts.CodeValidation,
	} {
		c, s := talk(t, answer(status, "<html>", "Content-Type: text/html", "Location: http://elsewhere.test/"))
		if _, err := c.Nodes(t.Context()); contracts.CodeOf(err) != want || len(s.asked) != 1 {
			t.Errorf("%d: %v after %v", status, err, s.asked)
		}
	}
	c, _ := talk(t, answer(400, `{"code":"MADE_UP"}`, "Content-Type: application/problem+json"))
	if _, err := c.Nodes(t.Context()); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("unknown code: %v", err)
	}
}

func TestBlocksAreVerifiedHere(t *testing.T) {
	want := dagcbor.RawCID([]byte("data"))
	c, _ := talk(t, answer(200, "other"))
	if b, err := c.GetBlock(t.Context(), want); b != nil || contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("get: %q, %v", b, err)
	}
	c, _ = talk(t, answer(200, `{"cid":{"/":"`+dagcbor.RawCID(nil).String()+`"},"bytes":4}`))
	if _, err := c.PutBlock(t.Context(), cid.Raw, []byte("data")); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("put: %v", err)
	}
	c, s := talk(t, answer(200, ""))
	if _, err := c.PutBlock(t.Context(), cid.DagProtobuf, nil); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("put with another codec: %v", err)
	}
	foreign := cid.MustParse("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnJqD7")
	if _, err := c.GetBlock(t.Context(), foreign); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("get of a foreign address: %v", err)
	}
	if _, err := c.HasBlock(t.Context(), foreign); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("has of a foreign address: %v", err)
	}
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	endless := func(r *http.Request) (*http.Response, error) {
		resp, err := answer(200, "")(r)
		resp.Body = io.NopCloser(io.LimitReader(readerFunc(func(b []byte) (int, error) { return len(b), nil }), dagcbor.MaxSize+1))
		return resp, err
	}
	c, s := talk(t, endless)
	if _, err := c.GetBlock(t.Context(), dagcbor.RawCID(nil)); contracts.CodeOf(err) != contracts.CodeUnsupported || len(s.asked) != 1 {
		t.Errorf("%v after %d attempts", err, len(s.asked))
	}
}

func TestBaseURLs(t *testing.T) {
	for url, ok := range map[string]bool{
		"http://127.0.0.1:7700": true, "https://krako.example/api/": true,
		"": false, "127.0.0.1:7700": false, "ftp://x": false, "http://": false, "http://x?y": false, "http://u:p@x": false, "http://x#y": false, "http://\x00": false,
	} {
		c, err := client.New(url)
		if ok != (err == nil) || !ok && contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%q: %v", url, err)
		}
		if ok && c.URL() != strings.TrimSuffix(url, "/") {
			t.Errorf("%q became %q", url, c.URL())
		}
	}
}

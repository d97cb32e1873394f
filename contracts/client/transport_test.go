package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts/client"
)

// script is a gateway that answers the n-th request with its n-th step, and
// every one after with its last. It has no network, so that it runs in the
// virtual time of a synctest bubble.
type script struct {
	steps []step
	asked []string // method and URL of each request
	heads []http.Header
}

type step func(*http.Request) (*http.Response, error)

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	n := min(len(s.asked), len(s.steps)-1)
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	s.heads = append(s.heads, r.Header.Clone())
	resp, err := s.steps[n](r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

// talk returns a client whose requests go through the steps.
func talk(t testing.TB, steps ...step) (*client.Client, *script) {
	t.Helper()
	s := &script{steps: steps}
	c, err := client.New("http://gateway.test", client.WithHTTPClient(&http.Client{
		Transport:     s,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// answer answers with a body; head holds "Name: value" lines.
func answer(status int, body string, head ...string) step {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for _, line := range head {
			name, value, _ := strings.Cut(line, ": ")
			h.Set(name, value)
		}
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func problem(status int, code string, head ...string) step {
	return answer(status, `{"code":"`+code+`","detail":"because","offender":"someone"}`, append(head, "Content-Type: application/problem+json")...)
}

// down is a gateway that does not run.
func down(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

// hang is a gateway that never answers.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// stall answers with body and then says nothing more.
func stall(body string) step {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := answer(http.StatusOK, "")(r)
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), readerFunc(func([]byte) (int, error) {
			<-r.Context().Done()
			return 0, r.Context().Err()
		})))
		return resp, err
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

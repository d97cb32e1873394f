package krakobackend_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/kora/krakobackend"
)

// TestNothingIsSentBeforeConsent counts the requests that a gateway gets. That a fabric
// passes the conformance suite through this package is tested in internal/e2e.
func TestNothingIsSentBeforeConsent(t *testing.T) {
	var got atomic.Int64
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		got.Add(1)
		http.Error(w, "no", http.StatusBadRequest)
	}))
	defer gateway.Close()
	c, err := client.New(gateway.URL, client.WithRetry(client.Retry{Attempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	var asked []krakobackend.Question
	answer, trouble := false, error(nil)
	b := krakobackend.New(c, gateway.URL, "test", func(_ context.Context, q krakobackend.Question) (bool, error) {
		asked = append(asked, q)
		return answer, trouble
	})
	g := &contracts.TaskGraph{WorkUnits: []contracts.WorkUnit{{ID: "a", Type: contracts.Deterministic}, {ID: "b", Type: contracts.LLM}}}
	run := func() error {
		_, err := b.Execute(t.Context(), g, contracts.ExecutionContext{}, nil)
		return err
	}
	put := func() error {
		_, err := b.PutBlock(t.Context(), cid.Raw, []byte("secret"))
		return err
	}
	for _, send := range []func() error{run, put} {
		if err := send(); contracts.CodeOf(err) != contracts.CodePrivacyViolation {
			t.Errorf("sent without consent: %v", err)
		}
	}
	if trouble = errors.New("no terminal"); contracts.CodeOf(run()) != contracts.CodePrivacyViolation {
		t.Error("nobody could be asked, and it was sent")
	}
	if got.Load() != 0 || len(asked) != 3 || asked[0].Units != 2 || asked[0].Models != 1 || asked[0].Gateway != gateway.URL {
		t.Errorf("%d requests, asked %+v", got.Load(), asked)
	}
	answer, trouble = true, nil
	if err := run(); contracts.CodeOf(err) == contracts.CodePrivacyViolation || got.Load() == 0 {
		t.Errorf("agreed, and not sent: %v", err)
	}
	if run(); len(asked) != 4 {
		t.Errorf("asked %d times", len(asked))
	}
}

package llama

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func TestRefusalsMapToCodesAndQuoteNothing(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   contracts.Code
	}{
		"overflow":      {400, `{"error":{"code":400,"message":"request (3016 tokens) exceeds SECRET","type":"exceed_context_size_error"}}`, contracts.CodeContextOverflow},
		"loading":       {503, `{"error":{"message":"Loading model","type":"unavailable_error","code":503}}`, contracts.CodeModelUnavailable},
		"key":           {401, `{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}`, contracts.CodeAuth},
		"saturated":     {429, `SECRET`, contracts.CodeResourceExhausted},
		"big embedding": {500, `{"error":{"code":500,"message":"input (3001 tokens) is too large to process. increase"}}`, contracts.CodeContextOverflow},
		"bad request":   {400, `{"error":{"code":400,"message":"cannot read SECRET","type":"invalid_request_error"}}`, contracts.CodeValidation},
		"not a server":  {404, `<html>SECRET</html>`, contracts.CodeUnsupported},
		"failure":       {500, `{"error":{"code":500,"message":"SECRET"}}`, contracts.CodeInternal},
		"bad gateway":   {http.StatusBadGateway, ``, contracts.CodeInternal},
	} {
		err := refused("/x", c.status, []byte(c.body))
		if contracts.CodeOf(err) != c.want || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestSeedsNeverMeanARandomOne(t *testing.T) {
	for _, s := range []int64{0, 1, -1, 1<<32 - 1, -1 << 62, 1<<62 - 1} {
		if seed(s) == 1<<32-1 {
			t.Errorf("seed %d becomes the one that means random", s)
		}
	}
	if seed(1) == seed(2) || seed(7) != 7 {
		t.Error("small seeds are not themselves")
	}
}

// TestCancelledAnswersEnd has the whole answer there before its first piece is read:
// what comes of it ends with the context all the same.
func TestCancelledAnswersEnd(t *testing.T) {
	piece := `data: {"index":0,"content":"a","tokens":[7],"stop":false,"id_slot":-1,"tokens_predicted":1,"tokens_evaluated":4}` + "\n\n"
	last := `data: {"content":"","tokens":[],"id_slot":0,"stop":true,"stop_type":"limit"}` + "\n\n"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat(piece, 20)+last)
	}))
	defer srv.Close()
	c, err := New(Endpoint{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	pieces := 0
	_, err = c.Generate(ctx, Request{Prompt: []int{1}, MaxTokens: 20}, func(Piece) error {
		pieces++
		cancel()
		return nil
	})
	if contracts.CodeOf(err) != contracts.CodeCancelled || pieces != 1 {
		t.Errorf("%d pieces came of an answer that was cancelled with the first: %v", pieces, err)
	}
}

// FuzzScan holds the reading of events by hand against encoding/json.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{"index":0,"content":" the","tokens":[278],"stop":false,"id_slot":-1,"tokens_predicted":3,"tokens_evaluated":25}`,
		`{"index":0,"content":"\"\n\/\\\té","tokens":[1,20,300],"stop":false,"id_slot":-1,"tokens_predicted":0,"tokens_evaluated":0}`,
		`{"index":0,"content":"\u00e9","tokens":[],"stop":false,"id_slot":-1,"tokens_predicted":1,"tokens_evaluated":1}`,
		`{"index":0,"content":"` + "\xff" + `","tokens":[01],"stop":false,"id_slot":-1,"tokens_predicted":9999999999,"tokens_evaluated":1}`,
		`{"index":0,"content":"a","tokens":[1 ,2],"stop":false,"id_slot":-1,"tokens_predicted":-1,"tokens_evaluated":1} `,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got event
		if !got.common(data) {
			return
		}
		want := event{Slot: -1}
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("%q was read, but: %v", data, err)
		}
		if len(got.Tokens) == 0 {
			got.Tokens = want.Tokens // none, in either spelling
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: read %+v, want %+v", data, got, want)
		}
	})
}

// FuzzStream feeds whatever a server may send.
func FuzzStream(f *testing.F) {
	f.Add("data: {\"content\":\"A\",\"tokens\":[1],\"stop\":false,\"id_slot\":-1,\"tokens_predicted\":1,\"tokens_evaluated\":4}\n\n" +
		"data: {\"content\":\"\",\"tokens\":[],\"id_slot\":1,\"stop\":true,\"stop_type\":\"limit\",\"timings\":{\"cache_n\":0}}\n\n")
	f.Add("data: {\"error\":{\"code\":500,\"message\":\"Context size has been exceeded.\"}}\n\n")
	f.Add("error: {\"code\":503}\n\ndata: [DONE]\n")
	f.Fuzz(func(t *testing.T, s string) {
		events := newEvents(strings.NewReader(s))
		var d Completion
		text := 0
		for {
			data, err := events.next()
			if err != nil {
				return
			}
			over, err := d.add(data, func(p Piece) error { text += len(p.Text); return nil })
			if err != nil && contracts.CodeOf(err) == "" {
				t.Fatalf("error without a code: %v", err)
			}
			if over || err != nil {
				break
			}
		}
		if text > len(d.Text) {
			t.Fatalf("emitted %d bytes of %d", text, len(d.Text))
		}
		if _, err := json.Marshal(d); err != nil {
			t.Fatal(err)
		}
	})
}

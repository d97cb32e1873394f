package llama

import (
	"encoding/json"
	"net/http"
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

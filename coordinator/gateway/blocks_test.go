package gateway_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/gateway"
)

const (
	rawBody  = "Content-Type: application/vnd.ipld.raw"
	cborBody = "Content-Type: application/vnd.ipld.dag-cbor"
)

func TestBlocksComeBackAsTheyWere(t *testing.T) {
	w := newWorld(gateway.Config{})
	structured, err := dagcbor.Marshal(map[string]any{"a": int64(1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		head, data, cid string
	}{
		{rawBody, "", dagcbor.RawCID(nil).String()},
		{rawBody, strings.Repeat("x", 1<<20), dagcbor.RawCID(bytes.Repeat([]byte("x"), 1<<20)).String()},
		{cborBody, string(structured), dagcbor.CID(structured).String()},
	} {
		target := "/v1/blocks/" + c.cid
		wantProblem(t, w.get(target), http.StatusNotFound, contracts.CodeNotFound)
		for _, query := range []string{"", "?cid=" + c.cid} {
			rec := w.do(request{http.MethodPut, "/v1/blocks" + query, c.data, []string{c.head}})
			if rec.Code != http.StatusOK {
				t.Fatalf("put: %d %s", rec.Code, rec.Body)
			}
			if s := decode[contracts.BlockStored](t, rec); s.CID.String() != c.cid || s.Bytes != int64(len(c.data)) {
				t.Errorf("stored %+v, want %s", s, c.cid)
			}
		}
		rec := w.get(target)
		h := rec.Header()
		if rec.Code != http.StatusOK || rec.Body.String() != c.data || "Content-Type: "+h.Get("Content-Type") != c.head {
			t.Errorf("get: %d with %d bytes of %s", rec.Code, rec.Body.Len(), h.Get("Content-Type"))
		}
		if h.Get("ETag") != `"`+c.cid+`"` || !strings.Contains(h.Get("Cache-Control"), "immutable") {
			t.Errorf("get: headers %v", h)
		}
		if rec := w.do(request{method: http.MethodHead, target: target}); rec.Code != http.StatusOK || rec.Header().Get("ETag") != h.Get("ETag") {
			t.Errorf("head: %d %v", rec.Code, rec.Header())
		}
		rec = w.do(request{method: http.MethodGet, target: target, head: []string{"If-None-Match: " + h.Get("ETag")}})
		if rec.Code != http.StatusNotModified || rec.Body.Len() > 0 {
			t.Errorf("conditional get: %d with %d bytes", rec.Code, rec.Body.Len())
		}
	}
}

func TestBlocksAreVerified(t *testing.T) {
	w := newWorld(gateway.Config{})
	other := dagcbor.RawCID([]byte("other")).String()
	for name, c := range map[string]struct{ query, head, data, offender string }{
		"other bytes":        {"?cid=" + other, rawBody, "data", other},
		"other codec":        {"?cid=" + dagcbor.CID([]byte("\x01")).String(), rawBody, "\x01", dagcbor.CID([]byte("\x01")).String()},
		"no address":         {"?cid=x", rawBody, "data", "x"},
		"no CBOR":            {"", cborBody, "", "body"},
		"CBOR and more":      {"", cborBody, "\x01\x01", "body"},
		"CBOR not canonical": {"", cborBody, "\x18\x01", "body"},
		"indefinite CBOR":    {"", cborBody, "\x9f\xff", "body"},
	} {
		rec := w.do(request{http.MethodPut, "/v1/blocks" + c.query, c.data, []string{c.head}})
		if p := wantProblem(t, rec, http.StatusUnprocessableEntity, contracts.CodeValidation); p.Offender != c.offender {
			t.Errorf("%s: offender is %q", name, p.Offender)
		}
	}
	if len(w.blocks) > 0 {
		t.Errorf("%d blocks were stored", len(w.blocks))
	}
	w.stored = dagcbor.RawCID([]byte("other"))
	wantProblem(t, w.do(request{http.MethodPut, "/v1/blocks", "data", []string{rawBody}}), http.StatusInternalServerError, contracts.CodeInternal)
}

func TestAddressesAreChecked(t *testing.T) {
	w := newWorld(gateway.Config{})
	for _, address := range []string{
		"x",
		"QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnJqD7",              // CIDv0
		"bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", // dag-pb
		"zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA",           // raw, in base58
		"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykuu",
	} {
		wantProblem(t, w.get("/v1/blocks/"+address), http.StatusUnprocessableEntity, contracts.CodeValidation)
	}
	absent := "/v1/blocks/" + dagcbor.RawCID([]byte("absent")).String()
	if rec := w.do(request{method: http.MethodHead, target: absent}); rec.Code != http.StatusNotFound {
		t.Errorf("head of an absent block: %d", rec.Code)
	}
	etag := "If-None-Match: \"" + dagcbor.RawCID([]byte("absent")).String() + `"`
	wantProblem(t, w.do(request{method: http.MethodGet, target: absent, head: []string{etag}}), http.StatusNotFound, contracts.CodeNotFound)
}

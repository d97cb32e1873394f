package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// TestEveryCodeHasAStatus spells out CONTRACTS section 8, so that a code that is
// added there is not forgotten here.
func TestEveryCodeHasAStatus(t *testing.T) {
	codes := strings.Fields(`VALIDATION_ERROR SCHEMA_MISMATCH TRAP EXIT_NONZERO OUT_OF_FUEL OUT_OF_MEMORY STACK_OVERFLOW TIMEOUT
		NETWORK_ERROR AUTH_ERROR RATE_LIMITED RESOURCE_EXHAUSTED BUDGET_EXCEEDED REGION_UNAVAILABLE MODEL_UNAVAILABLE
		CONTEXT_OVERFLOW BAD_OUTPUT NO_QUORUM PRIVACY_VIOLATION NOT_FOUND CONFLICT CANCELLED VERSION_MISMATCH UNSUPPORTED INTERNAL`)
	if len(codes) != len(kinds) {
		t.Errorf("%d codes, %d kinds of problems", len(codes), len(kinds))
	}
	titles := map[string]contracts.Code{}
	for _, s := range codes {
		code := contracts.Code(s)
		k, ok := kinds[code]
		if !ok || !code.Valid() || k.title == "" || http.StatusText(k.status) == "" {
			t.Errorf("%s: %+v", code, k)
		}
		if (k.status == http.StatusInternalServerError) != (code == contracts.CodeInternal) {
			t.Errorf("%s has status %d", code, k.status)
		}
		if other, ok := titles[k.title]; ok {
			t.Errorf("%s and %s have one title", code, other)
		}
		titles[k.title] = code
	}
}

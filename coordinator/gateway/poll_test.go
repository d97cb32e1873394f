package gateway_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/coordinator/gateway"
)

// A long poll on a session that runs is answered when the session ends, or when its
// time is over, and neither sooner nor later.
func TestLongPollTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(gateway.Config{})
		w.get("/v1/nodes") // the key is known from now on
		id := w.begin(t, 0)
		target := "/v1/sessions/" + string(id) + "/result"
		poll := func(query string, status int, took time.Duration) {
			t.Helper()
			began := time.Now()
			if rec := w.get(target + query); rec.Code != status || time.Since(began) != took {
				t.Errorf("%q: %d after %s, want %d after %s", query, rec.Code, time.Since(began), status, took)
			}
		}
		poll("", http.StatusAccepted, 100*time.Millisecond)
		poll("?wait=7s", http.StatusAccepted, 7*time.Second)
		time.AfterFunc(30*time.Second, func() { w.finish(id) })
		poll("?wait=60s", http.StatusOK, 30*time.Second)
		poll("?wait=60s", http.StatusOK, 0)
	})
}
